package probes

import (
	"net/url"
	"testing"
)

func TestAFormIsSentAsABrowserWould(t *testing.T) {
	for _, test := range []struct{ name, controls, want string }{
		{"empty", ``, ""},
		{"hidden and typed", `<input type="hidden" name="token" value="a b"><input name="nomor" value="">`, "nomor=&token=a+b"},
		{"default type", `<input type="tel" name="n" value="1">`, "n=1"},
		{"no name", `<input value="x"><input name="" value="y">`, ""},
		{"disabled", `<input name="x" value="1" disabled><fieldset disabled><input name="y" value="2"></fieldset>`, ""},
		{"boxes", `<input type="checkbox" name="a" checked><input type="checkbox" name="b" value="1"><input type="checkbox" name="c" value="2" CHECKED>`, "a=on&c=2"},
		{"radio", `<input type="radio" name="s" value="sms"><input type="RADIO" name="s" value="email" checked>`, "s=email"},
		{"list without a mark", `<select name="kota"><option disabled>pilih<option value="1">Jakarta<option>Medan</select>`, "kota=1"},
		{"list with a mark", `<select name="kota"><option value="1">Jakarta<option selected>Medan </select>`, "kota=Medan"},
		{"list with two marks", `<select name="k"><option selected>a<option selected>b</select>`, "k=b"},
		{"list of many", `<select name="k" multiple><option selected>a<option>b<option selected>c</select>`, "k=a&k=c"},
		{"empty list", `<select name="k"></select>`, ""},
		{"text area", `<textarea name="t">satu</textarea>`, "t=satu"},
		{"first button", `<button type="button" name="x" value="0"></button><button name="kirim" value="ya"></button><input type="submit" name="batal" value="1">`, "kirim=ya"},
		{"an unnamed button", `<button>Kirim</button>`, ""},
		{"twice", `<input name="a" value="1"><input name="a" value="2">`, "a=1&a=2"},
		{"files", `<input type="file" name="f"><input type="image" name="i"><input type="reset" name="r" value="x">`, ""},
	} {
		p := pageOf(t, `<form id="f" method="post" action="../kirim?x=1">`+test.controls+`</form>`)
		f, found := p.form("#f")
		if !found || f.values.Encode() != test.want {
			t.Errorf("%s: found %t, %q, want %q", test.name, found, f.values.Encode(), test.want)
		}
		if f.method != "POST" || f.to.String() != "https://portal.example/kirim?x=1" {
			t.Errorf("%s: %s to %s", test.name, f.method, f.to)
		}
	}
	if _, found := pageOf(t, `<form id="g">`).form("#f"); found {
		t.Error("a form was found where there is none")
	}
}

func TestAFormWithoutAnActionGoesToItsPage(t *testing.T) {
	f, _ := pageOf(t, `<form></form>`).form("form")
	if f.method != "GET" || f.to.String() != "https://portal.example/a/daftar" {
		t.Errorf("%s to %s", f.method, f.to)
	}
}

func pageOf(t *testing.T, body string) *page {
	t.Helper()
	at, err := url.Parse("https://portal.example/a/daftar")
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPage(answer{url: at, status: 200, body: []byte(body)})
	if err != nil {
		t.Fatal(err)
	}
	return p
}
