// Counts visits in PostgreSQL, remembers in Redis when the last one was, and renders the page.
const fs = require('node:fs');
const http = require('node:http');
const { Pool } = require('pg');
const { createClient } = require('redis');

const port = Number(process.env.PORT ?? 3000);
const db = new Pool({ connectionString: process.env.DATABASE_URL });
const cache = createClient({ url: process.env.REDIS_URL });
// Both connections may break while a service is made anew; they come back by themselves.
db.on('error', (error) => console.error(`db: ${error.message}`));
cache.on('error', (error) => console.error(`cache: ${error.message}`));

async function countVisit() {
  const { rows } = await db.query(
    'INSERT INTO counters (name, value) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value',
    ['visits'],
  );
  const previous = await cache.getSet('last-visit', new Date().toISOString());
  return { visits: Number(rows[0].value), previous };
}

function page({ visits, previous }) {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>node-postgres</title><link rel="stylesheet" href="/static/style.css"></head>
<body>
<main>
<h1>It works</h1>
<p>Visits: <strong id="visits">${visits}</strong></p>
<p>${previous ? `The one before was at ${previous}.` : 'This is the first one that the cache knows of.'}</p>
</main>
</body>
</html>
`;
}

async function answer(request, response) {
  const { pathname } = new URL(request.url, 'http://api');
  if (pathname === '/') return send(response, 200, 'text/html; charset=utf-8', page(await countVisit()));
  if (pathname === '/api/visits') return send(response, 200, 'application/json', JSON.stringify(await countVisit()));
  if (pathname === '/healthz') {
    await Promise.all([db.query('SELECT 1'), cache.ping()]);
    return send(response, 200, 'text/plain', 'ok\n');
  }
  return send(response, 404, 'text/plain', 'not found\n');
}

function send(response, status, type, body) {
  response.writeHead(status, { 'content-type': type });
  response.end(body);
}

const server = http.createServer((request, response) => {
  answer(request, response).catch((error) => {
    console.error(`${request.method} ${request.url}: ${error.message}`);
    send(response, 503, 'text/plain', 'the database or the cache does not answer\n');
  });
});

async function start() {
  fs.cpSync('public', '/srv/static', { recursive: true });
  await db.query('CREATE TABLE IF NOT EXISTS counters (name text PRIMARY KEY, value bigint NOT NULL)');
  await cache.connect();
  server.listen(port, () => console.log(`listening on ${port}`));
}

process.on('SIGTERM', () => {
  server.close();
  server.closeIdleConnections();
  Promise.allSettled([db.end(), cache.quit()]).then(() => process.exit(0));
  // A client that is only just connecting may never say that it has ended.
  setTimeout(() => process.exit(0), 1000);
});

start().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
