// Package delivery is the model of what happens to a message between the
// portal and the phone or mailbox it is meant for: how long it takes, whether
// it is lost or doubled, and what a fault does to it.
//
// It is pure: it reads no clock and no network, every instant is an argument,
// and the same seed with the same calls gives the same fates. The running
// simulator calls it with the wall clock, a replay with virtual time.
//
// No operator publishes how long its one-time passwords take. The healthy
// parameters are therefore assumptions, put together from measurements of
// plain text messages (5.1 % not delivered in a national network, INFOCOM
// 2007; 6 to 8 s typical and 98 % delivered in the end, ETSI and ITU 2006) and
// from what vendors state for healthy one-time passwords (half within 2 to 6 s,
// 95 % within 8 to 15 s, 99 % within 30 s).
//
// Nothing here is safe for concurrent use.
package delivery
