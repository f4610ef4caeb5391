import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compileRoutes, type Method, ok, type Route } from '../../../runtime/api/routes.js';
import { ApiVersion, availableIn, negotiate, splitVersion } from '../../../runtime/api/versions/negotiation.js';

const routes = suite('routes');

const route = (method: Method, path: string): Route => ({ method, path, handle: () => ok(null) });
const find = compileRoutes([
  route('GET', '/images/json'),
  route('GET', '/images/get'),
  route('GET', '/images/:name*/json'),
  route('GET', '/images/:name*/get'),
  route('DELETE', '/images/:name*'),
  route('GET', '/containers/:id/json'),
]);
const found = (method: string, path: string) => {
  const match = find(method, path);
  return match && [match.route.path, { ...match.params }];
};

routes('fixed paths win over names', () => {
  assert.equal(found('GET', '/images/json'), ['/images/json', {}]);
  assert.equal(found('GET', '/images/get/get'), ['/images/:name*/get', { name: 'get' }]);
});

routes('names may hold slashes, tags and encoded characters', () => {
  assert.equal(found('GET', '/images/localhost:5000/a/b:1/json'), [
    '/images/:name*/json',
    { name: 'localhost:5000/a/b:1' },
  ]);
  assert.equal(found('DELETE', '/images/a%2Fb%3A1'), ['/images/:name*', { name: 'a/b:1' }]);
  assert.equal(found('GET', '/containers/a%20b/json'), ['/containers/:id/json', { id: 'a b' }]);
});

routes('the name of an image is never empty', () => {
  assert.is(found('DELETE', '/images/'), undefined);
});

routes('what is not in the table is not found', () => {
  assert.is(found('POST', '/images/json'), undefined);
  assert.is(found('GET', '/images/x/nothing'), undefined);
  assert.is(found('BREW', '/images/json'), undefined);
});

routes('a version is split off, or there is none', () => {
  assert.equal(splitVersion('/v1.47/info'), { text: '1.47', path: '/info' });
  assert.equal(splitVersion('/info'), { text: undefined, path: '/info' });
  assert.equal(splitVersion('/volumes'), { text: undefined, path: '/volumes' });
});

routes('versions compare by number, not by text', () => {
  assert.ok(new ApiVersion(51).atLeast('1.9'));
  assert.not(new ApiVersion(24).atLeast('1.25'));
  assert.is(String(negotiate(undefined)), '1.51');
  assert.throws(() => negotiate('1.52'), /too new/);
  assert.throws(() => negotiate('2.0'), /too new/);
  assert.throws(() => negotiate('1.23'), /too old/);
});

routes('a route may come and go with versions', () => {
  assert.ok(availableIn(new ApiVersion(40), { since: '1.40' }));
  assert.not(availableIn(new ApiVersion(39), { since: '1.40' }));
  assert.not(availableIn(new ApiVersion(41), { until: '1.40' }));
});

routes.run();
