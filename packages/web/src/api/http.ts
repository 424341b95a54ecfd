import type { ApiError, Hold, Series, Wish } from '@vacancy/shared';
import { ApiFailure, type Api, type SeriesRequest } from './client.js';

/** The service takes at most 2,000 characters of fields; a server with 64 cards asks for more. */
const MAX_FIELDS_LENGTH = 1_900;

/** @param base where the API lives, without a slash at the end. */
export function createHttpApi(base = '/api/v1'): Api {
  const get = <T>(path: string, query: object = {}, signal?: AbortSignal) => request<T>(`${base}${path}${toQuery(query)}`, { signal });
  return {
    server: (id, signal) => get(`/servers/${encodeURIComponent(id)}`, {}, signal),
    series: (id, query, signal) =>
      inParts(query, (part) => get<Series>(`/servers/${encodeURIComponent(id)}/series`, part, signal)),
    fleetSeries: (query, signal) => inParts(query, (part) => get<Series>('/series', part, signal)),
    alerts: (signal) => get('/alerts', {}, signal),
    recommend: (query, signal) => get('/recommend', query, signal),
    hits: (query, signal) => get('/recommend/hits', query, signal),
    holds: async (signal) => (await get<{ holds: Hold[] }>('/holds', {}, signal)).holds,
    hold: (hold) => request(`${base}/holds`, { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(hold) }),
    releaseHold: (id) => request(`${base}/holds/${encodeURIComponent(id)}`, { method: 'DELETE' }),
    wishes: async (signal) => (await get<{ wishes: Wish[] }>('/wishes', {}, signal)).wishes,
    wish: (wish) => request(`${base}/wishes`, { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(wish) }),
    cancelWish: (id) => request(`${base}/wishes/${encodeURIComponent(id)}`, { method: 'DELETE' }),
    reports: (period, signal) => get('/reports', { period }, signal),
    report: (period, start, signal, revision) => get(`/reports/${period}/${encodeURIComponent(start)}`, { revision }, signal),
    makeReport: (period, start) => request(`${base}/reports/${period}/${encodeURIComponent(start)}`, { method: 'POST' }),
    compareReports: (period, a, b, signal) => get('/reports/compare', { period, a, b }, signal),
  };
}

const JSON_TYPE = { 'content-type': 'application/json' };

async function request<T>(url: string, init: RequestInit): Promise<T> {
  const response = await fetch(url, init).catch((cause: unknown) => {
    if (init.signal?.aborted) throw cause;
    throw new ApiFailure(0, 'network', 'The service cannot be reached.', { cause });
  });
  if (!response.ok) throw await failureOf(response);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

async function failureOf(response: Response): Promise<ApiFailure> {
  // A proxy in between answers in HTML; its status is all there is to go by.
  const body = (await response.json().catch(() => null)) as ApiError | null;
  return new ApiFailure(response.status, body?.error?.code ?? 'http', body?.error?.message ?? response.statusText);
}

function toQuery(query: object): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined && value !== '') params.set(key, String(value));
  const text = params.toString();
  return text ? `?${text}` : '';
}

async function inParts(query: SeriesRequest, get: (part: object) => Promise<Series>): Promise<Series> {
  const { fields, from, to, step } = query;
  const parts = await Promise.all(
    splitFields(fields).map((part) => get({ fields: part, from: Math.round(from), to: Math.round(to), step })),
  );
  return Object.assign({ ts: [] }, ...parts) as Series;
}

/** Comma-joined groups, each short enough for one request. */
export function splitFields(fields: readonly string[], limit = MAX_FIELDS_LENGTH): string[] {
  const groups: string[] = [];
  for (const field of fields) {
    const last = groups.at(-1);
    if (last !== undefined && last.length + field.length < limit) groups[groups.length - 1] = `${last},${field}`;
    else groups.push(field);
  }
  return groups;
}
