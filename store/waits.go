package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"pantau/probes"
)

// waitDocument is a wait inside a result's row: as that result opened it,
// while its own row goes on changing.
type waitDocument struct {
	ID        string         `json:"id"`
	Run       string         `json:"run"`
	Journey   string         `json:"journey"`
	Stream    probes.Stream  `json:"stream"`
	Recipient string         `json:"recipient"`
	Requested int64          `json:"requested"` // UTC epoch milliseconds, 0 for none
	Validity  time.Duration  `json:"validity"`  // ns
	GiveUp    time.Duration  `json:"give_up"`   // ns
	Reference string         `json:"reference"`
	Unsure    bool           `json:"unsure,omitempty"`
	Extra     bool           `json:"extra,omitempty"`
	Perhaps   int64          `json:"perhaps,omitempty"` // UTC epoch milliseconds, 0 for none
	Variant   probes.Variant `json:"variant,omitempty"`
}

func newWaitDocument(w probes.Wait) *waitDocument {
	return &waitDocument{
		ID: w.ID, Run: w.Run, Journey: w.Journey, Stream: w.Stream, Recipient: w.Key,
		Requested: millis(w.Requested), Validity: w.Validity, GiveUp: w.GiveUp, Reference: cleaned(w.Reference),
		Unsure: w.Unsure, Extra: w.Extra, Perhaps: millis(w.Perhaps), Variant: w.Variant,
	}
}

func (d waitDocument) wait() *probes.Wait {
	w := probes.Wait{
		ID: d.ID, Run: d.Run, Journey: d.Journey, Stream: d.Stream, Key: d.Recipient,
		Validity: d.Validity, GiveUp: d.GiveUp, Reference: d.Reference, Unsure: d.Unsure,
		Extra: d.Extra, Variant: d.Variant,
	}
	if d.Requested != 0 {
		w.Requested = time.UnixMilli(d.Requested).UTC()
	}
	if d.Perhaps != 0 {
		w.Perhaps = time.UnixMilli(d.Perhaps).UTC()
	}
	return &w
}

func waitFields(w *probes.Wait) []any {
	return []any{
		&w.ID, &w.Run, &w.Journey, &w.Stream, &w.Key,
		instant{&w.Requested},
		&w.Validity, &w.GiveUp,
		foreign{&w.Reference},
		flag{&w.Unsure},
		instant{&w.Perhaps},
		&w.Variant,
	}
}

// applyToWaits opens and closes what a new result opens and closes.
func applyToWaits(ctx context.Context, tx *sql.Tx, r probes.Result) error {
	if r.Opened != nil {
		if err := saveWait(ctx, tx, *r.Opened); err != nil {
			return fmt.Errorf("opening wait %s: %w", r.Opened.ID, err)
		}
	}
	switch {
	case r.Step == probes.StepRequestOTP && r.Verdict == probes.Down && (r.Opened == nil || !r.Opened.Unsure):
		// A run has at most one wait, and a refusal need not repeat it.
		return closeWaits(ctx, tx, "run", r.Run, r.At)
	case r.Step.Awaits() && r.Wait != nil && !r.Wait.Open:
		return closeWaits(ctx, tx, "id", r.Wait.ID, r.At)
	}
	return nil
}

// saveWait stores w or what is now known of it. A wait that was closed stays
// closed.
func saveWait(ctx context.Context, tx *sql.Tx, w probes.Wait) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO waits (id, run, journey, stream, recipient, requested, validity, give_up, reference, unsure, perhaps, variant,
			closed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0)
		ON CONFLICT (id) DO UPDATE SET run = excluded.run, journey = excluded.journey, stream = excluded.stream,
			recipient = excluded.recipient, requested = excluded.requested, validity = excluded.validity,
			give_up = excluded.give_up, reference = excluded.reference, unsure = excluded.unsure,
			perhaps = excluded.perhaps, variant = excluded.variant`, waitFields(&w)...)
	return err
}

// closeWaits closes the waits whose column, run or id, has value.
func closeWaits(ctx context.Context, tx *sql.Tx, column, value string, at time.Time) error {
	_, err := tx.ExecContext(ctx,
		`UPDATE waits SET closed_at = $1 WHERE `+column+` = $2`, millis(at), value)
	if err != nil {
		return fmt.Errorf("closing the wait of %s %s: %w", column, value, err)
	}
	return nil
}

const openWaits = `
	SELECT id, run, journey, stream, recipient, requested, validity, give_up, reference, unsure, perhaps, variant
	FROM waits WHERE closed_at = 0 ORDER BY requested, id`

// OpenWaits gives the waits that no result has closed, the oldest first,
// also those whose time to give up has passed while nobody was there.
func (s *Store) OpenWaits(ctx context.Context) ([]probes.Wait, error) {
	waits, err := collect(ctx, s.readers, waitFields, openWaits)
	if err != nil {
		return nil, fmt.Errorf("reading open waits: %w", err)
	}
	return waits, nil
}
