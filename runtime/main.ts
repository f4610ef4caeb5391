/** The engine as a program: `node dist/runtime/main.js`. */
import { main } from './main/serve.js';

await main();
