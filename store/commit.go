package store

import (
	"context"
	"database/sql"
	"fmt"

	"pantau/incident"
)

// The engine records through a Store.
var _ incident.Journal = (*Store)(nil)

// Commit keeps everything in c or, when it gives an error, nothing. The same
// Commit again, as after an answer that was lost, changes nothing: a result
// that is stored has had its effect, updates and notices stay as they are.
// Commits follow one another, also those of several processes.
func (s *Store) Commit(ctx context.Context, c incident.Commit) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		if err := insertResults(ctx, tx, c.Results); err != nil {
			return err
		}
		for _, assessment := range c.Components {
			if err := recordState(ctx, tx, assessment); err != nil {
				return fmt.Errorf("state of %s: %w", assessment.Component, err)
			}
		}
		for _, i := range c.Incidents {
			if err := saveIncident(ctx, tx, i); err != nil {
				return fmt.Errorf("incident %s: %w", i.ID, err)
			}
		}
		for _, n := range c.Notices {
			if err := insertNotice(ctx, tx, n); err != nil {
				return fmt.Errorf("notice %s: %w", n.ID, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	return nil
}
