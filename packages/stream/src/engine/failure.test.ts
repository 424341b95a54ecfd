import { expect, it } from 'vitest';
import { toFailure } from './failure.js';
import { RequestError } from './request.js';

it('reports what the engine says as the interface prints it', () => {
  expect(toFailure(new Error('Code: 60. DB::Exception: Unknown table x. (UNKNOWN_TABLE)'))).toEqual({
    status: 404, code: 60, text: 'Code: 60. DB::Exception: Unknown table x. (UNKNOWN_TABLE)\n',
  });
});

it('reports its own refusals in the same form', () => {
  expect(toFailure(new RequestError(403, 497, 'ACCESS_DENIED', 'no'))).toEqual({ status: 403, code: 497, text: 'Code: 497. DB::Exception: no. (ACCESS_DENIED)\n' });
});

it('keeps what is not the engine\'s apart from it', () => {
  expect(toFailure(new TypeError('oops'))).toMatchObject({ status: 500, code: 1002 });
  expect(toFailure(Object.assign(new Error('write'), { code: 'ENOSPC' }))).toMatchObject({ status: 507, code: 243 });
});
