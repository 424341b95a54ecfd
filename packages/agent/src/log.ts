const LEVELS = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, silent: 100 } as const;

/** Facts first, then a constant message, as pino writes them. */
type Write = (facts: object, message: string) => void;
export type Log = Readonly<Record<Exclude<keyof typeof LEVELS, 'silent'>, Write>>;

/**
 * Lines of JSON in pino's form, on stdout. Not pino itself: loading it takes 9 MB, a sixth of what the agent may use, and a few
 * lines a day are all that it would write.
 */
export function createLog(level: string, write: (line: string) => void = (line) => process.stdout.write(line)): Log {
  const least = LEVELS[level as keyof typeof LEVELS] ?? LEVELS.info;
  const writer = (name: keyof Log): Write => {
    if (LEVELS[name] < least) return () => {};
    return (facts, msg) => write(`${JSON.stringify({ level: LEVELS[name], time: new Date().toISOString(), ...plain(facts), msg })}\n`);
  };
  return { trace: writer('trace'), debug: writer('debug'), info: writer('info'), warn: writer('warn'), error: writer('error') };
}

/** For tests and benchmarks. */
export const silentLog: Log = createLog('silent');

/** An error is no plain object: JSON would make `{}` of it. */
const plain = (facts: object): object =>
  Object.fromEntries(Object.entries(facts).map(([key, value]) => [key, value instanceof Error ? { type: value.name, message: value.message } : (value as unknown)]));
