// Package network is the running half of the outside world between the
// simulated portal and the monitor: operators that carry text messages,
// handsets that hand them over by signed webhooks and give heartbeats, and a
// mail server that speaks real SMTP.
//
// What becomes of a message is decided by package delivery; this package keeps
// the time, the connections and the retries. It uses the wall clock.
//
// It knows codes, numbers and addresses, being the outside world, and keeps the
// latest of those that no handset owns for a person trying the portal by hand.
// It logs none of them.
package network
