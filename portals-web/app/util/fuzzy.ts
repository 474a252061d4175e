/**
 * How well a typed text matches a candidate, from 0 to 100; null when some character is missing.
 * From best to worst: the text begins a word, its characters begin words (`rc` for "Rate cards"),
 * it stands inside a word, its characters come in order.
 */
export function fuzzyScore(query: string, candidate: string): number | null {
  const wanted = folded(query.trim())
  const text = folded(candidate)
  if (wanted === '') return 0
  const whole = text.indexOf(wanted)
  if (whole !== -1) return isWordStart(text, whole) ? 100 - Math.min(whole, 15) : 60

  let wordStarts = 0
  let from = 0
  for (const character of wanted) {
    const at = bestPlace(text, character, from)
    if (at === -1) return null
    if (isWordStart(text, at)) wordStarts += 1
    from = at + 1
  }
  return Math.round((wordStarts / wanted.length) * 80)
}

/** In small letters without accents: who types `configuracion` means `Configuración`. */
export function folded(text: string): string {
  return text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase()
}

/** The next word that the character begins, or else the next place where it stands. */
function bestPlace(text: string, character: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    if (text.charAt(at) === character && isWordStart(text, at)) return at
  }
  return text.indexOf(character, from)
}

function isWordStart(text: string, at: number): boolean {
  return at === 0 || /[\s/\-_.]/.test(text.charAt(at - 1))
}
