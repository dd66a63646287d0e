package social

import (
	"cmp"
	"fmt"
	"net/http"
)

// xRefusal is X's no, in the words of both versions of its API.
type xRefusal struct {
	status   int
	statusV1 int    // where v1.1 has another; 0 where not
	code     int    // v1.1
	message  string // v1.1
	title    string // v2
	detail   string // v2
	params   map[string][]string
}

// badAuthentication is for a request that is not signed at all.
func badAuthentication() *xRefusal {
	no := unauthorized(215, "Bad Authentication data.")
	no.statusV1 = http.StatusBadRequest
	return no
}

// badSignature is for a wrong or replayed signature.
func badSignature() *xRefusal {
	return unauthorized(32, "Could not authenticate you.")
}

func badToken() *xRefusal {
	return unauthorized(89, "Invalid or expired token.")
}

func badTimestamp() *xRefusal {
	return unauthorized(135, "Timestamp out of bounds.")
}

func unauthorized(code int, message string) *xRefusal {
	return &xRefusal{
		status: http.StatusUnauthorized, code: code, message: message,
		title: "Unauthorized", detail: "Unauthorized",
	}
}

func forbidden(code int, message, detail string) *xRefusal {
	return &xRefusal{
		status: http.StatusForbidden, code: code, message: message,
		title: "Forbidden", detail: detail,
	}
}

func duplicateText() *xRefusal {
	return forbidden(187, "Status is a duplicate.",
		"You are not allowed to create a Tweet with duplicate content.")
}

// textTooLong is certain for v1.1 only; for v2 the status is what clients
// report, the sentence an assumption.
func textTooLong() *xRefusal {
	return forbidden(186, "Tweet needs to be a bit shorter.",
		"You are not permitted to perform this action.")
}

func noSuchParent() *xRefusal {
	message := "You attempted to reply to a Tweet that is deleted or not visible to you."
	return forbidden(385, message, message)
}

// accessLevel is what self-serve plans hear from v1.1's statuses/update.
func accessLevel() *xRefusal {
	return forbidden(453,
		"You currently have access to a subset of X API V2 endpoints and limited v1.1 endpoints (e.g. media post, oauth) only. If you need access to this endpoint, you may need a different access level.",
		"You are not permitted to perform this action.")
}

func tooManyRequests() *xRefusal {
	return &xRefusal{
		status: http.StatusTooManyRequests, code: 88, message: "Rate limit exceeded.",
		title: "Too Many Requests", detail: "Too Many Requests",
	}
}

func overCapacity() *xRefusal {
	return &xRefusal{
		status: http.StatusServiceUnavailable, code: 130, message: "Over capacity.",
		title: "Service Unavailable", detail: "Service Unavailable",
	}
}

// noText is for a post without a text.
func noText() *xRefusal {
	no := badParameter("text", "", "is missing or empty")
	no.statusV1, no.code, no.message = http.StatusForbidden, 170, "Missing required parameter: status."
	return no
}

// badParameter is for a value X does not take; problem ends the sentence.
func badParameter(name, value, problem string) *xRefusal {
	return &xRefusal{
		status: http.StatusBadRequest, code: 44, message: fmt.Sprintf("%s parameter is invalid.", name),
		title: "Invalid Request", detail: fmt.Sprintf("The `%s` parameter value [%s] %s.", name, value, problem),
		params: map[string][]string{name: {value}},
	}
}

// refuseV1 writes no as API v1.1 does.
func refuseV1(w http.ResponseWriter, no *xRefusal) {
	type problem struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
	writeJSON(w, cmp.Or(no.statusV1, no.status), map[string][]problem{"errors": {{no.code, no.message}}})
}

// refuseV2 writes no as API v2 does.
func refuseV2(w http.ResponseWriter, no *xRefusal) {
	if no.params == nil {
		writeJSON(w, no.status, v2Problem{Title: no.title, Detail: no.detail, Type: "about:blank", Status: no.status})
		return
	}
	writeJSON(w, no.status, v2Problem{
		Errors: []v2ParamProblem{{no.params, no.detail}},
		Title:  no.title,
		Detail: "One or more parameters to your request was invalid.",
		Type:   "https://api.twitter.com/2/problems/invalid-request",
	})
}

type v2Problem struct {
	Errors []v2ParamProblem `json:"errors,omitempty"`
	Detail string           `json:"detail"`
	Type   string           `json:"type"`
	Title  string           `json:"title"`
	Status int              `json:"status,omitempty"`
}

type v2ParamProblem struct {
	Parameters map[string][]string `json:"parameters"`
	Message    string              `json:"message"`
}
