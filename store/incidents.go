package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"pantau/incident"
)

func incidentFields(i *incident.Incident) []any {
	return []any{
		&i.ID, &i.Cause, &i.Status, &i.Impact,
		document{&i.Components},
		document{&i.Title},
		instant{&i.StartedAt},
		instant{&i.OpenedAt},
		instant{&i.ResolvedAt},
	}
}

// updateRow is an update and whose it is.
type updateRow struct {
	incident string
	update   incident.Update
}

func (r *updateRow) fields() []any {
	u := &r.update
	return []any{
		&r.incident, &u.ID, &u.Number, &u.Status,
		instant{&u.At},
		document{&u.Body},
		document{&u.Advice},
		instant{&u.NextBy},
		document{&u.Components},
		document{&u.Told},
	}
}

// saveIncident stores the incident as it is now and adds the updates that are
// not there yet.
func saveIncident(ctx context.Context, tx *sql.Tx, i incident.Incident) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO incidents (id, cause, status, impact, components, title, started_at, opened_at, resolved_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (id) DO UPDATE SET cause = excluded.cause, status = excluded.status, impact = excluded.impact,
			components = excluded.components, title = excluded.title, started_at = excluded.started_at,
			opened_at = excluded.opened_at, resolved_at = excluded.resolved_at`, incidentFields(&i)...)
	if err != nil {
		return err
	}
	for _, update := range i.Updates {
		row := updateRow{incident: i.ID, update: update}
		_, err := tx.ExecContext(ctx, `
			INSERT INTO incident_updates (incident, id, number, status, at, body, advice, next_by, components, told)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
			ON CONFLICT (id) DO NOTHING`, row.fields()...)
		if err != nil {
			return fmt.Errorf("update %s: %w", update.ID, err)
		}
	}
	return nil
}

// Incidents gives the open incidents, whatever their age, and those resolved
// at since or later, with their updates; the last opened first.
func (s *Store) Incidents(ctx context.Context, since time.Time) ([]incident.Incident, error) {
	var incidents []incident.Incident
	err := s.read(ctx, func(tx *sql.Tx) (err error) {
		incidents, err = collect(ctx, tx, incidentFields, `
			SELECT id, cause, status, impact, components, title, started_at, opened_at, resolved_at
			FROM incidents WHERE status <> 'resolved' OR resolved_at >= $1
			ORDER BY opened_at DESC, id DESC`, millis(since))
		if err != nil {
			return err
		}
		return addUpdates(ctx, tx, incidents, since)
	})
	if err != nil {
		return nil, fmt.Errorf("reading incidents: %w", err)
	}
	return incidents, nil
}

func addUpdates(ctx context.Context, tx *sql.Tx, incidents []incident.Incident, since time.Time) error {
	rows, err := collect(ctx, tx, (*updateRow).fields, `
		SELECT u.incident, u.id, u.number, u.status, u.at, u.body, u.advice, u.next_by, u.components, u.told
		FROM incident_updates u JOIN incidents i ON i.id = u.incident
		WHERE i.status <> 'resolved' OR i.resolved_at >= $1
		ORDER BY u.incident, u.number`, millis(since))
	if err != nil {
		return err
	}
	updates := make(map[string][]incident.Update)
	for _, row := range rows {
		updates[row.incident] = append(updates[row.incident], row.update)
	}
	for n := range incidents {
		incidents[n].Updates = updates[incidents[n].ID]
	}
	return nil
}
