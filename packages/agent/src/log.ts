import { pino, type Logger } from 'pino';

export type Log = Logger;

/** The root logger; each part takes a named child of it. */
export const createLog = (level: string): Log => pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime });

/** For tests and benchmarks. */
export const silentLog: Log = pino({ level: 'silent' });
