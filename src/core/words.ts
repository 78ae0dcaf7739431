/**
 * Splits a command into words as Compose does for `command:`: blanks separate, quotes keep together, a backslash takes
 * the next character as it is (within single quotes it is itself). Nothing is expanded and no shell is run, so a word
 * that only a shell would understand comes back as `shell`. Throws nothing.
 */
export function splitWords(text: string): { words: string[] } | { fault: 'unclosed' | 'shell' } {
  const words: string[] = []
  let word: string | undefined
  let quote = ''
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]!
    if (char === '\\' && quote !== "'") {
      if (at + 1 === text.length) return { fault: 'unclosed' }
      at += 1
      word = (word ?? '') + text[at]
    } else if (quote !== '') {
      if (char === quote) quote = ''
      else word += char
    } else if (char === '"' || char === "'") {
      quote = char
      word ??= ''
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (/[;&|<>`]/.test(char)) {
      return { fault: 'shell' }
    } else {
      word = (word ?? '') + char
    }
  }
  if (quote !== '') return { fault: 'unclosed' }
  return { words: word === undefined ? words : [...words, word] }
}
