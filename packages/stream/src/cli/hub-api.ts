import type { ApiError } from '@vacancy/shared';

/** A command that could not do its work: its sentence is printed, its exit code is 2. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  /** What the service answered, where it was the service that refused. */
  readonly status: number | null;
  readonly code: string | null;

  constructor(message: string, { status, code, ...options }: ErrorOptions & { readonly status?: number; readonly code?: string | undefined } = {}) {
    super(message, options);
    this.status = status ?? null;
    this.code = code ?? null;
  }
}

/** Where this host's own service answers. */
export const hubPort = (): string => process.env.VACANCY_PORT ?? '7070';

/** Where the service answers: `--url`, else VACANCY_URL, else on this host. */
export const hubUrl = (option: string | undefined): string => (option ?? process.env.VACANCY_URL ?? `http://127.0.0.1:${hubPort()}`).replace(/\/+$/, '');

const ANSWER_WITHIN_MS = 60_000;

/** Asks the service for JSON. @throws CommandError with the service's own sentence */
export async function ask<T>(url: string, route: string, init: RequestInit = {}): Promise<T> {
  return (await (await request(url, route, init)).json()) as T;
}

/** The answer itself, once it is known to be a good one. `/readyz` says what is wrong in a 503. @throws CommandError */
export async function request(url: string, route: string, init: RequestInit = {}): Promise<Response> {
  const password = process.env.VACANCY_PASSWORD;
  const headers = { accept: 'application/json', ...(password && { authorization: `Bearer ${password}` }), ...init.headers };
  const within = new AbortController();
  const timer = setTimeout(() => within.abort(), ANSWER_WITHIN_MS);
  const answer = await fetch(`${url}${route}`, { ...init, headers, signal: within.signal })
    .catch((cause: unknown) => {
      throw new CommandError(`No answer from ${url}. Is Vacancy running there? (--url or VACANCY_URL names another address.)`, { cause });
    })
    .finally(() => clearTimeout(timer));
  if (answer.ok || (answer.status === 503 && route === '/readyz')) return answer;
  const told = (await answer.json().catch(() => null)) as ApiError | null;
  throw new CommandError(told?.error?.message ?? `${url}${route} answered ${answer.status}.`, { status: answer.status, code: told?.error?.code });
}
