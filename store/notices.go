package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"pantau/incident"
)

func noticeFields(n *incident.Notice) []any {
	return []any{
		&n.ID, &n.About, &n.Number, &n.Event, &n.Audience,
		instant{&n.At},
		document{&n.Title},
		document{&n.Post},
		document{&n.Body},
	}
}

const noticeColumns = `n.id, n.about, n.number, n.event, n.audience, n.at, n.title, n.post, n.body`

// insertNotice stores a notice; one that is there stays as it is, so that it
// is never said twice.
func insertNotice(ctx context.Context, tx *sql.Tx, n incident.Notice) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO notices (id, about, number, event, audience, at, title, post, body, expanded)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)
		ON CONFLICT (id) DO NOTHING`, noticeFields(&n)...)
	return err
}

// NoticesSince gives the notices of since or later, oldest first.
func (s *Store) NoticesSince(ctx context.Context, since time.Time) ([]incident.Notice, error) {
	notices, err := collect(ctx, s.readers, noticeFields, `
		SELECT `+noticeColumns+` FROM notices n WHERE n.at >= $1 ORDER BY n.at, n.about, n.audience, n.number`,
		millis(since))
	if err != nil {
		return nil, fmt.Errorf("reading notices: %w", err)
	}
	return notices, nil
}

// LastNotices gives the last notice of every thread and audience, oldest
// first: where the numbers go on, and what was said last.
func (s *Store) LastNotices(ctx context.Context) ([]incident.Notice, error) {
	notices, err := collect(ctx, s.readers, noticeFields, `
		SELECT `+noticeColumns+` FROM notices n
		JOIN (SELECT about, audience, MAX(number) AS number FROM notices GROUP BY about, audience) last
			ON last.about = n.about AND last.audience = n.audience AND last.number = n.number
		ORDER BY n.at, n.about, n.audience`)
	if err != nil {
		return nil, fmt.Errorf("reading the last notices: %w", err)
	}
	return notices, nil
}
