package notifier

import (
	"context"
	"slices"
	"sync"
	"time"

	"pantau/incident"
)

// memory is an Outbox as the interface describes it, and nothing more.
type memory struct {
	mu      sync.Mutex
	notices []incident.Notice
	rows    []Delivery
	fail    error // what every call gives, while set
}

func (m *memory) add(notices ...incident.Notice) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.notices = append(m.notices, notices...)
}

func (m *memory) failing(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

func (m *memory) Expand(_ context.Context, limit int, expand func(incident.Notice) []Delivery) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return 0, m.fail
	}
	taken := min(limit, len(m.notices))
	for _, n := range m.notices[:taken] {
		m.rows = append(m.rows, expand(n)...)
	}
	m.notices = m.notices[taken:]
	return taken, nil
}

func (m *memory) Claim(_ context.Context, channel string, now time.Time, lease time.Duration) (Delivery, State, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return Delivery{}, "", false, m.fail
	}
	i := slices.IndexFunc(m.rows, func(d Delivery) bool {
		return d.Channel == channel && open(d) && !d.Due.After(now) && m.isNext(d)
	})
	if i < 0 {
		return Delivery{}, "", false, nil
	}
	d := &m.rows[i]
	before := d.State
	d.State, d.Attempt, d.Due = Sending, d.Attempt+1, now.Add(lease)
	if d.Began.IsZero() {
		d.Began = now
	}
	d.ReplyTo, d.Root = m.threadOf(*d)
	return *d, before, true, nil
}

func (m *memory) isNext(d Delivery) bool {
	return !slices.ContainsFunc(m.rows, func(e Delivery) bool {
		return e.Channel == d.Channel && e.Thread == d.Thread && e.Number < d.Number && open(e)
	})
}

func (m *memory) threadOf(d Delivery) (replyTo, root string) {
	for _, e := range m.rows {
		if e.Channel == d.Channel && e.Thread == d.Thread && e.State == Sent && e.Receipt != "" {
			replyTo = e.Receipt
			if root == "" {
				root = e.Receipt
			}
		}
	}
	return replyTo, root
}

func (m *memory) Settle(_ context.Context, d Delivery) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	i := slices.IndexFunc(m.rows, func(e Delivery) bool { return e.ID == d.ID })
	if m.rows[i].Attempt != d.Attempt {
		return ErrLeaseLost
	}
	m.rows[i] = d
	return nil
}

func (m *memory) Backlog(context.Context) ([]Queue, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var queues []Queue
	for _, d := range m.rows {
		if open(d) {
			queues = append(queues, Queue{d.Channel, d.State, 1})
		}
	}
	return queues, nil
}

// row gives the delivery with id, the zero one when there is none.
func (m *memory) row(id string) Delivery {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range m.rows {
		if d.ID == id {
			return d
		}
	}
	return Delivery{}
}

func open(d Delivery) bool { return d.State != Sent && d.State != Failed }
