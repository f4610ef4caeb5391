const http = require('node:http');

const port = Number(process.env.PORT ?? 3000);

const server = http.createServer((request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(`${JSON.stringify({ message: 'It works', path: request.url })}\n`);
});

server.listen(port, () => console.log(`listening on ${port}`));
process.on('SIGTERM', () => server.close());
