package inbox

import "time"

// recent remembers what was put into it last: at most so many entries, none
// older than age when another is put.
type recent[K comparable, V any] struct {
	most   int
	age    time.Duration
	values map[K]remembered[V]
	order  []K
}

type remembered[V any] struct {
	value V
	at    time.Time
}

func newRecent[K comparable, V any](most int, age time.Duration) *recent[K, V] {
	return &recent[K, V]{most: most, age: age, values: map[K]remembered[V]{}}
}

func (r *recent[K, V]) get(key K) (V, bool) {
	found, ok := r.values[key]
	return found.value, ok
}

// since is when key was first put, the zero time if it is not remembered.
func (r *recent[K, V]) since(key K) time.Time { return r.values[key].at }

// put remembers value. A key that is remembered keeps its age.
func (r *recent[K, V]) put(key K, value V, at time.Time) {
	if old, ok := r.values[key]; ok {
		r.values[key] = remembered[V]{value, old.at}
		return
	}
	r.values[key] = remembered[V]{value, at}
	r.order = append(r.order, key)
	for len(r.order) > r.most || r.values[r.order[0]].at.Before(at.Add(-r.age)) {
		delete(r.values, r.order[0])
		r.order = r.order[1:]
	}
}
