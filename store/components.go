package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"pantau/detect"
)

// figuresDocument gives the figures' durations (ns) names of their own in the
// database.
type figuresDocument struct {
	Window  time.Duration `json:"window"`
	Probes  int           `json:"probes"`
	Good    int           `json:"good"`
	Typical time.Duration `json:"typical"`
	Median  time.Duration `json:"median"`
	Waiting int           `json:"waiting"`
	Oldest  time.Duration `json:"oldest"`
}

// assessmentFields are the columns of a state but for its interval's end.
func assessmentFields(a *detect.Assessment) []any {
	return []any{
		&a.Component,
		instant{&a.Since},
		&a.State, &a.Cause, &a.Blind,
		instant{&a.MeasuredAt},
		document{(*figuresDocument)(&a.Figures)},
	}
}

// recordState appends a state to its component's and ends the one before
// where the new one begins. A new one may begin earlier than what was recorded
// since: then that is cut, so that intervals stay disjoint. The same state
// again only brings its figures up to date.
func recordState(ctx context.Context, tx *sql.Tx, a detect.Assessment) error {
	var number int64
	var last detect.Assessment
	err := tx.QueryRowContext(ctx, `
		SELECT number, component, since, state, cause, blind, measured_at, figures
		FROM component_states WHERE component = $1 ORDER BY number DESC LIMIT 1`, string(a.Component)).
		Scan(append([]any{&number}, assessmentFields(&last)...)...)
	switch {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return err
	case sameState(last, a):
		_, err := tx.ExecContext(ctx, `
			UPDATE component_states SET measured_at = $1, figures = $2 WHERE component = $3 AND number = $4`,
			instant{&a.MeasuredAt}, document{(*figuresDocument)(&a.Figures)}, string(a.Component), number)
		return err
	}
	if err := cutStates(ctx, tx, a.Component, a.Since); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO component_states (number, component, since, state, cause, blind, measured_at, figures)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, append([]any{number + 1}, assessmentFields(&a)...)...)
	return err
}

// sameState compares what makes a state another one, as precisely as it is
// stored.
func sameState(a, b detect.Assessment) bool {
	return a.State == b.State && a.Cause == b.Cause && a.Blind == b.Blind && millis(a.Since) == millis(b.Since)
}

// cutStates ends every interval that reaches past at, none before it began.
func cutStates(ctx context.Context, tx *sql.Tx, component detect.Component, at time.Time) error {
	_, err := tx.ExecContext(ctx, `
		UPDATE component_states SET until = CASE WHEN since > $1 THEN since ELSE $1 END
		WHERE component = $2 AND (until IS NULL OR until > $1)`, millis(at), string(component))
	return err
}

// Components gives the last state of every component, by its name.
func (s *Store) Components(ctx context.Context) ([]detect.Assessment, error) {
	states, err := collect(ctx, s.readers, assessmentFields, `
		SELECT component, since, state, cause, blind, measured_at, figures
		FROM component_states WHERE until IS NULL ORDER BY component`)
	if err != nil {
		return nil, fmt.Errorf("reading the components' states: %w", err)
	}
	return states, nil
}
