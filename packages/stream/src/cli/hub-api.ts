import type { ApiError } from '@vacancy/shared';

/** A command that could not do its work: its sentence is printed, its exit code is 2. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** Where the service answers: `--url`, else VACANCY_URL, else this host's default. */
export const hubUrl = (option: string | undefined): string => (option ?? process.env.VACANCY_URL ?? 'http://127.0.0.1:7070').replace(/\/+$/, '');

/** Asks the service; its own sentence is the error's message. */
export async function ask<T>(url: string, route: string, init: RequestInit = {}): Promise<T> {
  const password = process.env.VACANCY_PASSWORD;
  const headers = { accept: 'application/json', ...(password && { authorization: `Bearer ${password}` }), ...init.headers };
  let answer: Response;
  try {
    answer = await fetch(`${url}${route}`, { ...init, headers, signal: AbortSignal.timeout(30_000) });
  } catch (cause) {
    throw new CommandError(`No answer from ${url}. Is Vacancy running there? (--url or VACANCY_URL names another address.)`, { cause });
  }
  const body = (await answer.json().catch(() => null)) as T | ApiError | null;
  if (answer.ok || (answer.status === 503 && route === '/readyz')) return body as T;
  throw new CommandError((body as ApiError | null)?.error?.message ?? `${url}${route} answered ${answer.status}.`);
}
