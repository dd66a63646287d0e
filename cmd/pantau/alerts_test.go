package main

import (
	"io"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/client_golang/prometheus"

	"pantau/config"
)

// exported are the labels of each metric that the service has, by name.
func exported(t *testing.T) map[string][]string {
	t.Helper()
	t.Setenv("PANTAU_TEST_ORACLE", testOracle)
	settings := portalSettings("http://127.0.0.1:9", "", "")
	settings = strings.Replace(settings, "pantau.db", filepath.Join(t.TempDir(), "pantau.db"), 1)
	c, err := config.Parse("config.yaml", []byte(settings))
	if err != nil {
		t.Fatal(err)
	}
	s, err := newService(t.Context(), c, io.Discard, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	descriptions := make(chan *prometheus.Desc)
	go func() {
		defer close(descriptions)
		s.registry.Describe(descriptions)
	}()
	form := regexp.MustCompile(`fqName: "(pantau_\w+)".* variableLabels: \{([^}]*)\}`)
	metrics := map[string][]string{}
	for d := range descriptions {
		if found := form.FindStringSubmatch(d.String()); found != nil {
			metrics[found[1]] = strings.FieldsFunc(found[2], func(r rune) bool { return r == ',' })
		}
	}
	if len(metrics) < 20 {
		t.Fatalf("only %d metrics were found; are they read as they are described?", len(metrics))
	}
	return metrics
}

type alertRule struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	Annotations map[string]string `yaml:"annotations"`
}

func alertRules(t *testing.T) []alertRule {
	t.Helper()
	var file struct {
		Groups []struct {
			Rules []alertRule `yaml:"rules"`
		} `yaml:"groups"`
	}
	if err := yaml.Unmarshal([]byte(readText(t, "../../deploy/alerts.yml")), &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Groups) != 1 || len(file.Groups[0].Rules) < 20 {
		t.Fatalf("the alerts are not read as they are written: %d groups", len(file.Groups))
	}
	return file.Groups[0].Rules
}

func readText(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestAlertsReadWhatIsExported: an alert on a metric or label that is not there
// never fires, and nobody notices.
func TestAlertsReadWhatIsExported(t *testing.T) {
	metrics := exported(t)
	metric := regexp.MustCompile(`(pantau_\w+)(?:\{([^}]*)\})?`)
	label := regexp.MustCompile(`(\w+)\s*(?:=|!=|=~|!~)\s*"`)
	said := regexp.MustCompile(`\$labels\.(\w+)`)
	for _, rule := range alertRules(t) {
		known := []string{"job", "instance"}
		for _, found := range metric.FindAllStringSubmatch(rule.Expr, -1) {
			labels, is := metrics[found[1]]
			if base, isCount := strings.CutSuffix(found[1], "_count"); !is && isCount {
				labels, is = metrics[base]
			}
			if !is {
				t.Errorf("%s reads %s, which is not exported", rule.Alert, found[1])
			}
			for _, matched := range label.FindAllStringSubmatch(found[2], -1) {
				if !slices.Contains(labels, matched[1]) {
					t.Errorf("%s asks for label %s of %s, which has %v", rule.Alert, matched[1], found[1], labels)
				}
			}
			known = append(known, labels...)
		}
		for _, found := range said.FindAllStringSubmatch(rule.Annotations["summary"], -1) {
			if !slices.Contains(known, found[1]) {
				t.Errorf("%s says label %s, which nothing it reads has", rule.Alert, found[1])
			}
		}
	}
}

// TestTheManualKnowsEachAlertAndMetric holds docs/operations.md and the alerts'
// own test to what there is.
func TestTheManualKnowsEachAlertAndMetric(t *testing.T) {
	manual, tests := readText(t, "../../docs/operations.md"), readText(t, "../../deploy/alerts.test.yml")
	headings := strings.Join(regexp.MustCompile(`(?m)^### .*$`).FindAllString(manual, -1), "\n")
	fires := regexp.MustCompile(`alertname: (\w+)\s+exp_alerts:\s+- exp_labels`)
	var fired []string
	for _, found := range fires.FindAllStringSubmatch(tests, -1) {
		fired = append(fired, found[1])
	}
	for _, rule := range alertRules(t) {
		if !regexp.MustCompile(`\b` + rule.Alert + `\b`).MatchString(headings) {
			t.Errorf("docs/operations.md has no heading that says what to do about %s", rule.Alert)
		}
		if !slices.Contains(fired, rule.Alert) {
			t.Errorf("deploy/alerts.test.yml never has %s fire", rule.Alert)
		}
		if !strings.Contains(tests, "alertname: "+rule.Alert+", exp_alerts: []") {
			t.Errorf("deploy/alerts.test.yml never has %s keep quiet", rule.Alert)
		}
	}
	documented := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`pantau_.*?) \\|").FindAllStringSubmatch(manual, -1) {
		for _, found := range regexp.MustCompile("`(pantau_\\w+)(?:\\{([^}]*)\\})?`").FindAllStringSubmatch(row[1], -1) {
			documented[found[1]] = found[2]
		}
	}
	metrics := exported(t)
	for _, name := range slices.Sorted(maps.Keys(metrics)) {
		if labels, is := documented[name]; !is || labels != strings.Join(metrics[name], ",") {
			t.Errorf("docs/operations.md has %s{%s} (there: %v), want {%s}", name, labels, is, strings.Join(metrics[name], ","))
		}
	}
	for name := range documented {
		if _, is := metrics[name]; !is {
			t.Errorf("docs/operations.md has %s, which is not exported", name)
		}
	}
}

func TestTheAlertsFireAsTheyShould(t *testing.T) {
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Skip("promtool is not installed (Debian package prometheus)")
	}
	for _, arguments := range [][]string{
		{"check", "rules", "../../deploy/alerts.yml"}, {"test", "rules", "../../deploy/alerts.test.yml"},
	} {
		if said, err := exec.Command("promtool", arguments...).CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", arguments, err, said)
		}
	}
}
