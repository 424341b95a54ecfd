import { RequestError } from './request.js';

/** An error as the interface reports it. */
export interface Failure {
  readonly status: number;
  readonly code: number;
  /** `Code: 60. DB::Exception: … (UNKNOWN_TABLE)` and a line break. */
  readonly text: string;
}

const STATUS: Readonly<Record<number, number>> = {
  159: 408, 164: 403, 192: 403, 194: 403, 202: 503, 241: 500, 291: 403, 243: 507, 396: 413, 307: 413, 497: 403, 516: 401,
  36: 400, 53: 400, 62: 400, 27: 400, 41: 400, 6: 400, 60: 404, 81: 404, 46: 404, 115: 404, 47: 404,
};

export function toFailure(cause: unknown): Failure {
  if (cause instanceof RequestError) return failure(cause.status, cause.code, `DB::Exception: ${cause.message}. (${cause.type})`);
  if ((cause as NodeJS.ErrnoException | null)?.code === 'ENOSPC') return failure(507, 243, 'DB::Exception: Cannot take the data in: there is no space left on the disk. (NOT_ENOUGH_SPACE)');
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = Number(/^(?:Error: )?Code: (\d+)/.exec(message)?.[1] ?? 1002);
  return failure(STATUS[code] ?? 500, code, message.replace(/^(?:Error: )?Code: \d+\. /, '').trim());
}

const failure = (status: number, code: number, message: string): Failure => ({
  status, code, text: `Code: ${code}. ${message.replace(/^DB::Exception: (?=DB::)/, '')}\n`,
});
