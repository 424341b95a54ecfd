/** Why a hold or a wish was refused: the HTTP status that fits, a code for programs, a sentence for people. */
export interface Problem {
  readonly status: 400 | 404 | 409 | 429;
  readonly code: string;
  readonly message: string;
}

export const problem = (status: Problem['status'], code: string, message: string): Problem => ({ status, code, message });
