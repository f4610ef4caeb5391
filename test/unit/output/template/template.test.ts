import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { renderList } from '../../../../src/output/table.js';
import { compileTemplate } from '../../../../src/output/template/evaluate.js';

const templates = suite('Go templates for --format');

const data = {
  Name: 'web',
  Labels: { b: '2', a: '1' },
  Ports: [80, 443],
  State: { Running: true, Health: null },
  Label: (name: string) => ({ a: '1' })[name] ?? '',
};

// Expected texts are what `docker inspect --format` of 28.5 prints for the same value.
const cases: readonly [string, string][] = [
  ['{{.Name}}', 'web'],
  ['{{ .Name | upper }}!', 'WEB!'],
  ['{{json .Ports}}', '[80,443]'],
  ['{{.Ports | json}}', '[80,443]'],
  ['{{json .Labels}}', '{"b":"2","a":"1"}'],
  ['{{.Labels}} {{.Ports}}', 'map[a:1 b:2] [80 443]'],
  ['{{.Label "a"}}{{.Label "c"}}', '1'],
  ['{{range .Ports}}<{{.}}>{{end}}', '<80><443>'],
  ['{{range $i, $p := .Ports}}{{$i}}={{$p}} {{end}}', '0=80 1=443 '],
  ['{{range $k, $v := .Labels}}{{$k}}{{$v}}{{end}}', 'a1b2'],
  ['{{if .State.Running}}up{{else}}down{{end}}', 'up'],
  ['{{if .State.Health}}h{{else if eq .Name "web"}}w{{end}}', 'w'],
  ['{{with .State}}{{.Running}} {{$.Name}}{{end}}', 'true web'],
  ['{{index .Labels "b"}}{{index .Ports 1}}', '2443'],
  ['{{printf "%-5s|%q|%03d" .Name .Name 7}}', 'web  |"web"|007'],
  ['{{len .Ports}}{{len .Name}}', '23'],
  ['{{join (split "a,b" ",") "-"}}', 'a-b'],
  ['{{(index .Ports 0)}} {{(.State).Running}}', '80 true'],
  ['a {{- " b " -}} c', 'a b c'],
  ['{{/* nothing */}}x', 'x'],
  ['{{$n := .Name}}{{$n}}', 'web'],
  ['{{and .Name (not false)}} {{or "" "x"}}', 'true x'],
];

for (const [template, expected] of cases) {
  templates(template, () => assert.is(compileTemplate(template)(data), expected));
}

const refused: readonly [string, RegExp][] = [
  ['{{.Nmae}}', /no field "\.Nmae"/],
  ['{{nope .Name}}', /function "nope" not defined/],
  ['{{.Name', /unclosed action/],
  ['{{if .Name}}x', /has no \{\{end\}\}/],
  ['{{.Name}}{{end}}', /unexpected \{\{end\}\}/],
];

for (const [template, sentence] of refused) {
  templates(`refuses ${template}`, () => assert.throws(() => compileTemplate(template)(data), sentence));
}

const rows = [
  { ID: 'abc', Name: 'one', Size: '2B' },
  { ID: 'defghi', Name: 'two', Size: '10B' },
];
const columns = [{ head: 'VOLUME NAME', cell: (row: { Name: string }) => row.Name }];

templates('a list: table with heads of its own', () => {
  assert.is(
    renderList(rows, columns, 'table {{.ID}}\\t{{.Name}}'),
    'ID       VOLUME NAME\nabc      one\ndefghi   two\n',
  );
});

templates('a list: an empty table has its heads', () => {
  assert.is(renderList([] as typeof rows, columns, 'table {{.Name}}\\t{{.Size}}'), 'VOLUME NAME   SIZE\n');
});

templates('a list: a line each, JSON each, an array', () => {
  assert.is(renderList(rows, columns, '{{.Name}}:{{.Size}}'), 'one:2B\ntwo:10B\n');
  assert.is(renderList(rows.slice(0, 1), columns, '{{json .}}'), '{"ID":"abc","Name":"one","Size":"2B"}\n');
  assert.is(renderList(rows.slice(0, 1), columns, 'json'), '[{"ID":"abc","Name":"one","Size":"2B"}]\n');
});

templates('a list: a word that is no format is printed for each row, as Go does', () => {
  assert.is(renderList(rows, columns, 'x'), 'x\nx\n');
});

templates.run();
