/** Whether a variable's value is to be shown. By its name, as every log scrubber has to guess. Pure. */
const secret =
  /pass(?:word|wd|phrase)?|secret|token|credential|private|(?:^|_)(?:api_?)?key(?:_|$)|(?:^|_)auth(?:_|$)|(?:^|_)dsn$/i;
const url = /^([a-z][\w+.-]*:\/\/[^:/@\s]*:)[^@\s]+@/i;

export function isSecretName(name: string): boolean {
  return secret.test(name);
}

/** The value as a person may see it: hidden for a secret's name, a URL's password left out. */
export function shownValue(name: string, value: string): string {
  return isSecretName(name) && value !== '' ? '(hidden)' : value.replace(url, '$1(hidden)@');
}
