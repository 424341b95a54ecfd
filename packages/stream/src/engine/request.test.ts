import { describe, expect, it } from 'vitest';
import { fromPage, hostName, readCall, RequestError } from './request.js';

const call = (query: string, headers = {}) => readCall(new URL(`http://x/${query}`), headers);
const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });

describe('a request', () => {
  it('has parameters, settings and names apart', () => {
    expect(call('?query=SELECT%201&param_a=x%27&max_threads=2&database=m&default_format=CSV&session_id=s&wait_end_of_query=1')).toMatchObject({
      query: 'SELECT 1', params: { a: "x'" }, settings: { max_threads: '2' }, database: 'm', defaultFormat: 'CSV', framed: false,
    });
  });
  it('takes the account from Basic, from headers and from the URL, in this order', () => {
    expect(call('?user=c&password=3', { ...basic('a:1:2'), 'x-clickhouse-user': 'b' })).toMatchObject({ user: 'a', password: '1:2' });
    expect(call('?user=c&password=3', { 'x-clickhouse-user': 'b', 'x-clickhouse-key': '2' })).toMatchObject({ user: 'b', password: '2' });
    expect(call('?user=c&password=3')).toMatchObject({ user: 'c', password: '3' });
    expect(call('')).toMatchObject({ user: 'default', password: '' });
  });
  it.each(['?a%3D1,readonly=0', '?param_a%20b=1', '?x;y=1', '?%00=1'])('with the parameter %s is refused, as names go into SQL', (query) => {
    expect(() => call(query)).toThrow(RequestError);
  });
  it('gives back a query id only when it fits a header', () => {
    expect(call('?query_id=abc-1').queryId).toBe('abc-1');
    expect(call('?query_id=a%0d%0aX: y').queryId).toBeUndefined();
  });
  it('says when it wants the native compression', () => {
    expect(call('?compress=1').framed).toBe(true);
    expect(call('?compress=0&decompress=0').framed).toBe(false);
  });
});

describe('a browser', () => {
  it('is refused when a page asks', () => {
    expect(fromPage({ origin: 'http://evil.example' })).toBe(true);
    expect(fromPage({ 'sec-fetch-site': 'cross-site' })).toBe(true);
    expect(fromPage({ 'sec-fetch-site': 'same-site' })).toBe(true);
  });
  it('may show an address that someone typed', () => {
    expect(fromPage({ 'sec-fetch-site': 'none' })).toBe(false);
    expect(fromPage({})).toBe(false);
  });
  it('is known by the name it asks for', () => {
    expect(hostName({ host: 'Evil.example:8123' })).toBe('evil.example');
    expect(hostName({ host: '[::1]:8123' })).toBe('[::1]');
  });
});
