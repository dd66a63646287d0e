package main

import (
	"fmt"
	"io"
)

// sayShadow says that the public is told nothing, and where the team reads.
func (s *service) sayShadow(out io.Writer) error {
	if s.shadow == nil {
		return nil
	}
	_, err := fmt.Fprintf(out, "shadow: the public is told nothing; the page as it would be: http://%s/\n", s.shadow.Addr())
	return err
}
