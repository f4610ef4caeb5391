/** The engine as a program, in one file where it was bundled. */
import start = require('./start.cjs');

void start.startEngine();
