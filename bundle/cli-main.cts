/** The command line as a program. */
import start = require('./start.cjs');

void start.startCommandLine(process.argv.slice(2));
