import type { FastifyInstance } from 'fastify';

/** An answer that is not what was asked for: a code of a closed set, a sentence, a fitting status. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.code = code;
  }
}

export const notFound = (what: string): HttpError => new HttpError(404, 'not_found', what);
export const badRequest = (message: string): HttpError => new HttpError(400, 'bad_request', message);
export const unavailable = (message: string, cause?: unknown): HttpError => new HttpError(503, 'unavailable', message, { cause });

/** Every error leaves as `{ error: { code, message } }`; what is inside an unexpected one goes to the log alone. */
export function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error: Error & { statusCode?: number; validation?: unknown }, request, reply) => {
    const known = toHttpError(error);
    if (known.status >= 500) request.log.error({ err: error, url: request.url }, 'request failed');
    return reply.status(known.status).send({ error: { code: known.code, message: known.message } });
  });
}

function toHttpError(error: Error & { statusCode?: number; validation?: unknown }): HttpError {
  if (error instanceof HttpError) return error;
  if (error.validation || error.statusCode === 400) return badRequest(error.message);
  const status = error.statusCode ?? 500;
  return status < 500 ? new HttpError(status, 'refused', error.message) : new HttpError(500, 'internal', 'The server could not answer; its log says why.');
}
