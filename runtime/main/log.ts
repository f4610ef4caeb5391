/** The engine's log: lines with a time on standard error, which whoever starts the engine points to `engine.log`. */
export function makeLog(out: NodeJS.WriteStream): (text: string) => void {
  // A terminal that was closed must not take the engine along.
  out.on('error', () => undefined);
  return (text) => {
    out.write(`${new Date().toISOString()} ${text}\n`);
  };
}
