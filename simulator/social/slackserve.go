package social

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// slackMethod is one method of the Web API. It gives either what stands beside
// "ok": true, or the error's name.
type slackMethod struct {
	use Use
	act func(slackParams) (answer map[string]any, problem string)
}

// method gives the method of that name.
func (s *Slack) method(name string) (slackMethod, bool) {
	switch name {
	case "auth.test":
		return slackMethod{Reading, s.authTest}, true
	case "chat.postMessage":
		return slackMethod{Posting, s.postMessage}, true
	case "chat.update":
		return slackMethod{Posting, s.update}, true
	case "conversations.history":
		return slackMethod{Reading, s.history}, true
	case "conversations.replies":
		return slackMethod{Reading, s.replies}, true
	case "conversations.list":
		return slackMethod{Reading, s.list}, true
	case "conversations.info":
		return slackMethod{Reading, s.info}, true
	}
	return slackMethod{}, false
}

// serve answers one call: read, authenticate, suffer the faults, act. Nothing in
// it depends on the client still being there.
func (s *Slack) serve(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("method")
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	m, known := s.method(name)
	if !known {
		s.refuse(w, "unknown", "unknown_method")
		return
	}
	params, problem := readSlackParams(r, body)
	if problem == "" {
		problem = s.authenticate(r, params)
	}
	if problem != "" {
		s.refuse(w, name, problem)
		return
	}
	h := s.faults.draw(m.use)
	time.Sleep(h.delay)
	if s.suffer(w, name, h) {
		return
	}
	answer, problem := m.act(params)
	switch {
	case h.kind == LostReply:
		s.log.Info("cut the connection", "call", name, "fault", string(h.kind))
		cut(w)
	case problem != "":
		s.refuse(w, name, problem)
	default:
		s.log.Info("answered", "call", name)
		answer["ok"] = true
		writeJSON(w, http.StatusOK, answer)
	}
}

// refuse says no the way Slack does, with status 200.
func (s *Slack) refuse(w http.ResponseWriter, method, problem string) {
	s.log.Info("refused", "call", method, "problem", problem)
	writeJSON(w, http.StatusOK, map[string]any{"ok": false, "error": problem})
}

// suffer ends the call before it acts when the fault says so.
func (s *Slack) suffer(w http.ResponseWriter, method string, h hit) (ended bool) {
	switch h.kind {
	case CutBefore:
		cut(w)
	case RateLimit:
		seconds := int((h.after + time.Second - 1) / time.Second) // never too early
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
		writeJSON(w, http.StatusTooManyRequests, map[string]any{"ok": false, "error": "ratelimited"})
	case ServerError:
		http.Error(w, "<!doctype html><title>Server Error</title>", http.StatusServiceUnavailable)
	case NotAllowed:
		s.refuse(w, method, "restricted_action")
		return true
	default:
		return false
	}
	s.log.Info("suffered", "call", method, "fault", string(h.kind))
	return true
}

// authenticate takes the token from the header or, as slack-go sends it, from
// the form.
func (s *Slack) authenticate(r *http.Request, params slackParams) (problem string) {
	token := params["token"]
	if scheme, value, found := strings.Cut(r.Header.Get("Authorization"), " "); found && strings.EqualFold(scheme, "Bearer") {
		token = value
	}
	switch {
	case token == "":
		return "not_authed"
	case s.workspace.BotToken == "" || token != s.workspace.BotToken:
		return "invalid_auth"
	}
	return ""
}

// slackParams are a call's arguments. What is not text is in its JSON form.
type slackParams map[string]string

// readSlackParams reads the arguments from the address and from a body that is
// a form or JSON. A token in a JSON body is not looked at.
func readSlackParams(r *http.Request, body []byte) (params slackParams, problem string) {
	params = slackParams{}
	if err := params.addForm(r.URL.RawQuery); err != nil {
		return nil, "invalid_form_data"
	}
	if err := params.addForm(formOf(r, body)); err != nil {
		return nil, "invalid_form_data"
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") && len(body) > 0 {
		if err := params.addJSON(body); err != nil {
			return nil, "invalid_json"
		}
	}
	return params, ""
}

func (p slackParams) addForm(encoded string) error {
	values, err := url.ParseQuery(encoded)
	for name, list := range values {
		p[name] = list[0]
	}
	return err
}

func (p slackParams) addJSON(body []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return fmt.Errorf("reading the arguments: %w", err)
	}
	delete(fields, "token")
	for name, raw := range fields {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			text = string(raw)
		}
		p[name] = text
	}
	return nil
}

func (p slackParams) is(name string) bool { return p[name] == "1" || p[name] == "true" }
