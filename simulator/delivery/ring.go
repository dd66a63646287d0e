package delivery

// ring is a first-in-first-out list that reuses its memory: it is never larger
// than twice the most it ever held.
type ring[T any] struct {
	slots []T // its length is 0 or a power of two
	head  int // the first item's place
	count int
}

func (r *ring[T]) push(item T) {
	if r.count == len(r.slots) {
		r.grow()
	}
	r.slots[(r.head+r.count)&(len(r.slots)-1)] = item
	r.count++
}

func (r *ring[T]) grow() {
	larger := make([]T, max(64, 2*len(r.slots)))
	for i := range r.count {
		larger[i] = r.slots[(r.head+i)&(len(r.slots)-1)]
	}
	r.slots, r.head = larger, 0
}

// first gives the oldest item; the ring must not be empty.
func (r *ring[T]) first() T { return r.slots[r.head] }

// pop takes the oldest item out; the ring must not be empty.
func (r *ring[T]) pop() T {
	item := r.slots[r.head]
	r.head = (r.head + 1) & (len(r.slots) - 1)
	r.count--
	return item
}
