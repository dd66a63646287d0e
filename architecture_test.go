// Package pantau holds only the test of the project's shape.
package pantau

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// arrows says which of our packages each folder may import (docs/architecture.md
// draws them). Leaves below internal know nothing of the product and may be
// imported by all but the simulator, which is the outside world.
func arrows() map[string][]string {
	return map[string][]string{
		"cmd": {"config", "probes", "inbox", "detect", "incident", "notifier", "statuspage", "store", "simulator"},
		// config reads the others' Options, and detect's streams follow from it.
		"config":     {"probes", "inbox", "detect", "incident", "notifier", "statuspage", "store"},
		"probes":     {},
		"inbox":      {"probes"},
		"detect":     {"probes"},
		"incident":   {"probes", "detect"},
		"notifier":   {"incident"},
		"statuspage": {"incident", "detect", "probes"},
		"store":      {"probes", "detect", "incident", "notifier", "statuspage"},
		"simulator":  {},
		"internal":   {},
	}
}

// TestArrows: no package imports what it may not know of. Tests may: they are
// where the parts meet.
func TestArrows(t *testing.T) {
	checked := 0
	for _, file := range sources(t) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		folder := top(file)
		allowed, known := arrows()[folder]
		if !known {
			t.Errorf("%s: the folder %q is not in the architecture", file, folder)
		}
		for _, imported := range imports(t, file) {
			inside, ours := strings.CutPrefix(imported, "pantau/")
			if !ours || top(inside) == folder {
				continue
			}
			checked++
			leaf := top(inside) == "internal" && folder != "simulator"
			if !leaf && !slices.Contains(allowed, top(inside)) {
				t.Errorf("%s imports %s; %s may import %v", file, imported, folder, allowed)
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d imports were looked at; has the project moved?", checked)
	}
}

func TestPackagesHaveADocComment(t *testing.T) {
	documented := map[string]bool{}
	for _, file := range sources(t) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		folder := filepath.Dir(file)
		documented[folder] = documented[folder] || parsed.Doc != nil
	}
	for folder, has := range documented {
		if !has {
			t.Errorf("the package in %s has no doc comment", folder)
		}
	}
}

// TestNoInitFunctions: nothing is wired behind a reader's back.
func TestNoInitFunctions(t *testing.T) {
	for _, file := range sources(t) {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declared := range parsed.Decls {
			if f, ok := declared.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s has an init function; wire it where it can be seen", file)
			}
		}
	}
}

// sources are all Go files of the project.
func sources(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || strings.ContainsAny(entry.Name()[:1], "._") && path != "."):
			return filepath.SkipDir
		case strings.HasSuffix(path, ".go") && strings.Contains(path, string(filepath.Separator)):
			files = append(files, path)
		}
		return nil
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	return files
}

func imports(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, spec := range parsed.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// top is the first folder of a path.
func top(path string) string {
	folder, _, _ := strings.Cut(filepath.ToSlash(path), "/")
	return folder
}
