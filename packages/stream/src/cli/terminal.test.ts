import { describe, expect, it } from 'vitest';
import { plain, table, width } from './terminal.js';

describe('text from servers on a terminal', () => {
  it('cannot move the cursor, ring, or turn the direction of writing', () => {
    expect(plain('gpu01\u001b[2J\u0007\r\u202e')).toBe('gpu01�[2J���');
  });

  it('counts Chinese characters as two cells', () => expect(width('实验室a')).toBe(7));

  it('stands in columns', () => {
    expect(table([['name', 'free'], ['实验室', '1'], ['a', '10']])).toBe('name    free\n实验室  1\na       10');
  });
});
