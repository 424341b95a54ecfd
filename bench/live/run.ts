import os from 'node:os';

/** Runs a benchmark and releases what it made, also when it is interrupted or takes longer than `limit_ms`. */
export async function run(limit_ms: number, bench: (own: <T extends AsyncDisposable>(made: T) => T) => Promise<void>): Promise<never> {
  const made: AsyncDisposable[] = [];
  let ended = false;
  const end = async (code: number): Promise<never> => {
    if (ended) return new Promise<never>(() => {});
    ended = true;
    for (const one of made.reverse()) await Promise.resolve(one[Symbol.asyncDispose]()).catch((error: unknown) => console.error(error));
    process.exit(code);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void end(130));
  setTimeout(() => {
    console.error(`not done within ${limit_ms / 1000} s`);
    void end(1);
  }, limit_ms).unref();
  try {
    console.log(`${os.cpus()[0]!.model}, ${os.cpus().length} cores, Node ${process.version}, load average ${load()}`);
    await bench((one) => (made.push(one), one));
    console.log(`load average at the end ${load()}`);
    return await end(0);
  } catch (error) {
    console.error(error);
    return end(1);
  }
}

/** How busy the machine is with everything, this benchmark included. */
export const load = (): string => os.loadavg()[0]!.toFixed(1);
