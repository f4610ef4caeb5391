const http = require('node:http');

http
  .get(`http://127.0.0.1:${process.env.PORT ?? 3000}/healthz`, (response) => process.exit(response.statusCode === 200 ? 0 : 1))
  .on('error', (error) => {
    console.error(error.message);
    process.exit(1);
  });
