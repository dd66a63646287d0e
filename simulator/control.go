package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"pantau/simulator/delivery"
	"pantau/simulator/portal"
)

// controlBodyAtMost is how much of a posted fault is read.
const controlBodyAtMost = 64 << 10

// controlFaults is the control API: what is broken, as objects of the scenario
// format with an id each.
func (s *Simulator) controlFaults(mux *http.ServeMux) {
	mux.HandleFunc("GET /control/faults", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, append([]standing{}, s.faults.list()...))
	})
	mux.HandleFunc("POST /control/faults", s.postFaults)
	mux.HandleFunc("DELETE /control/faults", func(w http.ResponseWriter, _ *http.Request) {
		_ = s.faults.replace(nil) // an empty list has nothing wrong in it
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("PUT /control/owner", s.putWord)
	mux.HandleFunc("DELETE /control/faults/{id}", func(w http.ResponseWriter, r *http.Request) {
		id := r.PathValue("id")
		if !s.faults.end(id) {
			refuse(w, http.StatusNotFound, fmt.Errorf("no fault %q is on", id))
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

// putWord takes what the portal's owner says to probes from now on.
func (s *Simulator) putWord(w http.ResponseWriter, r *http.Request) {
	var word portal.Word
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, controlBodyAtMost))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&word); err != nil {
		refuse(w, http.StatusBadRequest, fmt.Errorf("reading the owner's word: %w", err))
		return
	}
	if word.Status != 0 && word.Status != http.StatusForbidden && word.Status != http.StatusTooManyRequests {
		refuse(w, http.StatusBadRequest, fmt.Errorf("status %d, want 403 or 429", word.Status))
		return
	}
	s.portal.SetWord(word)
	w.WriteHeader(http.StatusNoContent)
}

// postFaults takes one fault and gives it back, or a list and gives that.
func (s *Simulator) postFaults(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, controlBodyAtMost))
	if err != nil {
		refuse(w, http.StatusBadRequest, fmt.Errorf("reading the fault: %w", err))
		return
	}
	faults, several, err := parseFaults(raw)
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	began, err := s.faults.add(faults...)
	switch {
	case err != nil:
		refuse(w, http.StatusBadRequest, err)
	case several:
		writeJSON(w, http.StatusCreated, append([]standing{}, began...))
	default:
		writeJSON(w, http.StatusCreated, began[0])
	}
}

func parseFaults(raw []byte) (faults []delivery.Fault, several bool, err error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return nil, false, errors.New(`the body is empty; write a fault such as {"kind":"captcha-loop","probability":0.9}`)
	}
	if raw[0] == '[' {
		err = json.Unmarshal(raw, &faults)
		return faults, true, err
	}
	faults = make([]delivery.Fault, 1)
	err = json.Unmarshal(raw, &faults[0])
	return faults, false, err
}

// refuse answers with everything that is wrong, in one line.
func refuse(w http.ResponseWriter, status int, err error) {
	writeJSON(w, status, map[string]string{"error": strings.ReplaceAll(err.Error(), "\n", "; ")})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}
