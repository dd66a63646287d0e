package store

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"time"

	"pantau/probes"
)

// resultPage bounds what ResultsSince has in memory.
const resultPage = 500

// resultRow is a result as its columns hold it.
type resultRow struct {
	seq     int64
	result  probes.Result
	wait    probes.WaitAge // ID "" for none
	opened  *waitDocument
	arrival probes.Arrival // ID "" for none; a row of its own
}

func (r *resultRow) fields() []any {
	return []any{
		&r.seq, &r.result.ID, &r.result.Run, &r.result.Journey, &r.result.Stream, &r.result.Step,
		instant{&r.result.At},
		&r.result.Took, &r.result.Verdict, &r.result.Reason,
		document{&r.result.Phases},
		foreign{&r.result.Evidence},
		&r.wait.ID,
		instant{&r.wait.Requested},
		&r.wait.Age,
		flag{&r.wait.Open},
		&r.wait.Validity,
		document{&r.opened},
		&r.result.Variant, &r.wait.AgeMin, &r.wait.AgeMax, &r.result.Picture,
	}
}

func (r *resultRow) fieldsWithArrival() []any {
	return append(r.fields(), arrivalFields(&r.arrival)...)
}

// arrivalFields are what is stored of an arrival. Its code never is; that it lay
// in the junk folder is its result's reason; and which waits it may have been
// for, and since when, is in their results.
func arrivalFields(a *probes.Arrival) []any {
	return []any{
		foreign{&a.ID},
		&a.Receiver, &a.Wait,
		instant{&a.Stamped},
		instant{&a.Device},
		instant{&a.Received},
		foreign{&a.Reference},
		&a.Offset,
	}
}

// insertResults numbers results on and stores those that are not there, each
// with its effect on the waits.
func insertResults(ctx context.Context, tx *sql.Tx, results []probes.Result) error {
	last, err := hold(ctx, tx, "results")
	if err != nil {
		return err
	}
	next := last
	for _, r := range results {
		isNew, err := insertResult(ctx, tx, next+1, r)
		if err != nil {
			return fmt.Errorf("result %s: %w", r.ID, err)
		}
		if isNew {
			next++
		}
	}
	if next == last {
		return nil
	}
	_, err = tx.ExecContext(ctx, `UPDATE counters SET value = $1 WHERE name = 'results'`, next)
	return err
}

func insertResult(ctx context.Context, tx *sql.Tx, seq int64, r probes.Result) (isNew bool, err error) {
	row := resultRow{seq: seq, result: r}
	if r.Wait != nil {
		row.wait = *r.Wait
	}
	if r.Opened != nil {
		row.opened = newWaitDocument(*r.Opened)
	}
	done, err := tx.ExecContext(ctx, `
		INSERT INTO results (seq, id, run, journey, stream, step, at, took, verdict, reason, phases, evidence,
			wait_id, wait_requested, wait_age, wait_open, wait_validity, opened, variant, wait_age_min, wait_age_max, picture)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
		ON CONFLICT (id) DO NOTHING`, row.fields()...)
	if err != nil {
		return false, err
	}
	if inserted, err := done.RowsAffected(); err != nil || inserted == 0 {
		return false, err
	}
	if err := insertArrival(ctx, tx, r); err != nil {
		return false, fmt.Errorf("its arrival: %w", err)
	}
	return true, applyToWaits(ctx, tx, r)
}

func insertArrival(ctx context.Context, tx *sql.Tx, r probes.Result) error {
	if r.Arrival == nil {
		return nil
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO arrivals (result, id, receiver, wait, stamped, device, received, reference, clock_offset)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, append([]any{r.ID}, arrivalFields(r.Arrival)...)...)
	return err
}

// ResultsSince gives the results known at since or later in the order in which
// they were committed, as they were recorded but for the codes of arrivals. It
// reads page by page: the caller may be slow, and what is committed meanwhile
// comes too. It ends with the first error.
func (s *Store) ResultsSince(ctx context.Context, since time.Time) iter.Seq2[probes.Result, error] {
	return s.resultsSince(ctx, since, nextResults)
}

// RequestsSince gives of ResultsSince those that say that a code is about to
// be asked for, or a control message sent: what was spent, and which SIMs were used.
func (s *Store) RequestsSince(ctx context.Context, since time.Time) iter.Seq2[probes.Result, error] {
	return s.resultsSince(ctx, since, nextRequests)
}

func (s *Store) resultsSince(ctx context.Context, since time.Time, query string) iter.Seq2[probes.Result, error] {
	return func(yield func(probes.Result, error) bool) {
		after := int64(0)
		for {
			page, err := s.resultPage(ctx, query, since, after)
			if err != nil {
				yield(probes.Result{}, fmt.Errorf("reading results since %s: %w", since.UTC().Format(time.RFC3339), err))
				return
			}
			for _, row := range page {
				if !yield(row.whole(), nil) {
					return
				}
			}
			if len(page) < resultPage {
				return
			}
			after = page[len(page)-1].seq
		}
	}
}

// firstResult finds the smallest number that is due. The plus keeps a planner
// from walking all numbers from the first one instead of the instants.
const firstResult = `SELECT COALESCE(MIN(+seq), 0) FROM results WHERE at >= $1`

const wholeResults = `
	SELECT r.seq, r.id, r.run, r.journey, r.stream, r.step, r.at, r.took, r.verdict, r.reason, r.phases, r.evidence,
		r.wait_id, r.wait_requested, r.wait_age, r.wait_open, r.wait_validity, r.opened,
		r.variant, r.wait_age_min, r.wait_age_max, r.picture,
		COALESCE(a.id, ''), COALESCE(a.receiver, ''), COALESCE(a.wait, ''), COALESCE(a.stamped, 0),
		COALESCE(a.device, 0), COALESCE(a.received, 0), COALESCE(a.reference, ''),
		COALESCE(a.clock_offset, 0)
	FROM results r LEFT JOIN arrivals a ON a.result = r.id
	WHERE r.seq > $1 AND r.at >= $2`

const nextResults = wholeResults + ` ORDER BY r.seq LIMIT $3`

const nextRequests = wholeResults + `
	AND r.step IN ('` + string(probes.StepRequestOTP) + `', '` + string(probes.StepSendControl) + `') AND r.reason = '` + string(probes.ReasonRequesting) + `' ORDER BY r.seq LIMIT $3`

// resultPage reads on behind the number after, 0 for the beginning.
func (s *Store) resultPage(ctx context.Context, query string, since time.Time, after int64) ([]resultRow, error) {
	if after == 0 {
		var first int64
		if err := s.readers.QueryRowContext(ctx, firstResult, millis(since)).Scan(&first); err != nil {
			return nil, err
		}
		after = first - 1
	}
	return collect(ctx, s.readers, (*resultRow).fieldsWithArrival, query, after, millis(since), resultPage)
}

// whole puts the parts of a row back into its result.
func (r *resultRow) whole() probes.Result {
	result := r.result
	if r.wait.ID != "" {
		result.Wait = &r.wait
	}
	if r.opened != nil {
		result.Opened = r.opened.wait()
	}
	if r.arrival.ID != "" {
		result.Arrival = &r.arrival
	}
	return result
}
