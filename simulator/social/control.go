package social

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// controlFaults serves the switches of one service: POST adds a fault, in place
// of earlier ones of its kind, GET lists, DELETE ends all.
func (fs *faults) controlFaults(mux *http.ServeMux, path string) {
	mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, fs.list())
	})
	mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
		f, err := readFault(w, r)
		if err == nil {
			err = fs.add(f)
		}
		if err != nil {
			writeJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
		writeJSON(w, http.StatusOK, fs.list())
	})
	mux.HandleFunc("DELETE "+path, func(w http.ResponseWriter, _ *http.Request) {
		_ = fs.set(nil) // an empty list has nothing wrong in it
		w.WriteHeader(http.StatusNoContent)
	})
}

// readFault reads the one object of the body strictly, so that a misspelt key
// is not a fault that never comes.
func readFault(w http.ResponseWriter, r *http.Request) (Fault, error) {
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	body.DisallowUnknownFields()
	var j faultJSON
	if err := body.Decode(&j); err != nil {
		return Fault{}, fmt.Errorf("reading the fault: %w", err)
	}
	return j.fault()
}
