/** What a machine that anybody administers may call itself, its card and its user. */
export const HOSTILE = {
  server: 'hostile',
  name: '<img src=x onerror=alert(1)>',
  gpu_type: '<script>alert(2)</script>',
  user: '{a|<b onclick=alert(3)>}',
} as const;
