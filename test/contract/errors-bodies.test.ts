/** Errors are Docker's: a status, `{"message": …}`, and the same sentence for the same mistake. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { expectRefusal, filterOf, jsonType } from '../support/api.js';
import { startEngine, type TestEngine } from '../support/engine.js';

const errors = suite('errors');
let engine: TestEngine;
errors.before(async () => {
  engine = await startEngine();
});
errors.after(() => engine.stop());

const missing = 'sha256:'.padEnd(71, 'a');

const answers: readonly (readonly [method: string, path: string, status: number, message: string | RegExp])[] = [
  ['GET', '/nothing', 404, 'page not found'],
  ['PUT', '/info', 404, 'page not found'],
  ['GET', '/containers', 404, 'page not found'],
  ['GET', '/containers/contract-none/json', 404, 'No such container: contract-none'],
  ['DELETE', '/containers/contract-none', 404, 'No such container: contract-none'],
  ['POST', '/containers/contract-none/start', 404, 'No such container: contract-none'],
  ['GET', '/exec/contract-none/json', 404, 'No such exec instance: contract-none'],
  ['GET', '/images/contract-none/json', 404, 'No such image: contract-none:latest'],
  ['GET', `/images/${missing}/json`, 404, `No such image: ${missing}`],
  ['GET', `/images/${missing.slice(7)}/json`, 404, `No such image: ${missing}`],
  ['GET', '/images/UP/json', 400, 'invalid reference format: repository name (library/UP) must be lowercase'],
  ['GET', '/images/a:b:c/json', 400, 'invalid reference format'],
  ['GET', '/images/contract-none/history', 404, 'No such image: contract-none:latest'],
  ['DELETE', '/images/contract-none', 404, 'No such image: contract-none:latest'],
  ['DELETE', '/images/UP', 400, 'invalid reference format: repository name (library/UP) must be lowercase'],
  ['GET', '/images/contract-none/get', 404, 'No such image: contract-none'],
  ['POST', '/images/contract-none/tag?repo=x', 404, 'No such image: contract-none:latest'],
  ['GET', '/volumes/contract-none', 404, 'get contract-none: no such volume'],
  ['GET', '/networks/contract-none', 404, 'network contract-none not found'],
  ['POST', '/commit', 400, 'invalid name or ID supplied: ""'],
  ['POST', '/commit?container=contract-none', 404, 'No such container: contract-none'],
  ['GET', '/distribution/UP/json', 400, 'invalid reference format: repository name (library/UP) must be lowercase'],
  [
    'GET',
    '/distribution/127.0.0.1:1/x/json',
    500,
    /^Get "http:\/\/127\.0\.0\.1:1\/v2\/": dial tcp 127\.0\.0\.1:1: connect: connection refused$/,
  ],
  ['GET', `/images/json?${filterOf({ nope: ['x'] })}`, 400, "invalid filter 'nope'"],
  ['GET', `/images/json?${filterOf({ 'label!': ['x'] })}`, 400, "invalid filter 'label!'"],
  ['GET', `/images/json?${filterOf({ dangling: ['x'] })}`, 400, "invalid filter 'dangling=[x]'"],
  ['GET', `/images/json?${filterOf({ until: ['x'] })}`, 500, 'failed to parse value as time or duration: "x"'],
  ['GET', `/images/json?${filterOf({ reference: ['['] })}`, 500, 'syntax error in pattern'],
  ['GET', `/images/json?${filterOf({ since: ['contract-none'] })}`, 404, 'No such image: contract-none:latest'],
  ['GET', '/images/json?filters=[]', 400, 'invalid filter'],
  ['GET', '/images/json?filters={"label":"x"}', 400, 'invalid filter'],
  ['POST', `/images/prune?${filterOf({ dangling: ['x'] })}`, 400, "invalid filter 'dangling=[x]'"],
  ['POST', `/images/prune?${filterOf({ until: ['1h', '2h'] })}`, 500, 'more than one until filter specified'],
  ['GET', '/images/search?term=x&limit=101', 400, 'limit 101 is outside the range of [1, 100]'],
  ['GET', '/images/search?term=x&limit=x', 400, 'invalid limit specified: strconv.Atoi: parsing "x": invalid syntax'],
  [
    'GET',
    `/images/search?term=x&${filterOf({ stars: ['x'] })}`,
    400,
    `invalid filter 'stars=x': strconv.Atoi: parsing "x": invalid syntax`,
  ],
  [
    'GET',
    '/images/search?term=http://x',
    400,
    'invalid repository name: repository name (http://x) should not have a scheme',
  ],
  ['GET', '/volumes/contract-none/json', 404, 'get contract-none/json: no such volume'],
  ['GET', '/networks/contract-none/json', 404, 'network contract-none/json not found'],
  // What is wrong with the parameters is told before what the container is.
  ['POST', '/containers/contract-none/wait?condition=x', 400, 'invalid condition: "x"'],
  ['POST', '/containers/contract-none/resize?h=x&w=1', 400, 'invalid resize height "x": invalid syntax'],
  ['POST', '/exec/contract-none/resize?h=1&w=x', 400, 'invalid resize width "x": invalid syntax'],
  ['GET', '/containers/contract-none/logs', 400, 'Bad parameters: you must choose at least one stream'],
  ['GET', '/containers/contract-none/logs?stdout=1&since=x', 404, 'No such container: contract-none'],
  ['POST', '/containers/contract-none/stop?t=x', 500, 'strconv.Atoi: parsing "x": invalid syntax'],
  ['POST', '/containers/contract-none/stop?signal=x', 404, 'No such container: contract-none'],
  ['POST', '/containers/contract-none/restart?t=x', 500, 'strconv.Atoi: parsing "x": invalid syntax'],
  [
    'POST',
    '/containers/contract-none/kill?signal=99',
    400,
    'cannot kill container: contract-none: the linux daemon does not support signal 99',
  ],
  ['GET', '/containers/contract-none/archive', 400, 'bad parameter: pathcannot be empty'],
  ['PUT', '/containers/contract-none/archive', 400, 'bad parameter: pathcannot be empty'],
  ['POST', '/containers/contract-none/rename', 400, 'Neither old nor new names may be empty'],
  ['POST', '/containers/contract-none/rename?name=_', 404, 'No such container: contract-none'],
  ['POST', '/containers/contract-none/start?checkpoint=x', 400, 'checkpoint is only supported in experimental mode'],
  ['GET', '/v1.99/info', 400, 'client version 1.99 is too new. Maximum supported API version is 1.51'],
];

for (const [method, path, status, message] of answers)
  errors(`${method} ${decodeURIComponent(path)} is ${status}`, () =>
    expectRefusal(engine, { method, path, status, message }),
  );

const bodies: readonly (readonly [path: string, body: string, message: string])[] = [
  ['/volumes/create', '{', 'invalid JSON: unexpected EOF'],
  ['/volumes/create', '[]', 'invalid JSON: json: cannot unmarshal array into Go value of type volume.CreateOptions'],
  [
    '/volumes/create',
    '{"Name":1}',
    'invalid JSON: json: cannot unmarshal number into Go struct field CreateOptions.Name of type string',
  ],
  [
    '/networks/bridge/connect',
    '{"Container":1}',
    'invalid JSON: json: cannot unmarshal number into Go struct field ConnectOptions.Container of type string',
  ],
  ['/volumes/create', '{invalid', "invalid JSON: invalid character 'i' looking for beginning of object key string"],
  ['/networks/create', 'x', "invalid JSON: invalid character 'x' looking for beginning of value"],
  // The body counts before the container, or the exec, that is not there.
  ...['containers/contract-none/exec', 'containers/contract-none/update', 'exec/contract-none/start'].map(
    (path) => [`/${path}`, 'x', "invalid JSON: invalid character 'x' looking for beginning of value"] as const,
  ),
];

for (const [path, body, message] of bodies)
  errors(`${body} to ${path} is a bad request`, () =>
    expectRefusal(engine, { method: 'POST', path, body, headers: jsonType, status: 400, message }),
  );

errors('an error is JSON with its length, and a HEAD has the status alone', async () => {
  const { headers, text } = await engine.request('GET', '/volumes/contract-none');
  assert.is(headers['content-type'], 'application/json');
  assert.is(headers['content-length'], String(Buffer.byteLength(text)));
  assert.is(headers['api-version'], '1.51');
  assert.is((await engine.request('HEAD', '/containers/contract-none/archive?path=/')).status, 404);
});

errors.run();
