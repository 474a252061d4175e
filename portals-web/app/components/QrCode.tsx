import { generate } from 'lean-qr'
import { useMemo } from 'react'

export interface QrCodeProps {
  text: string
  /** What it is, for who cannot see it. */
  label: string
}

/** Free space that readers need around it, in modules. */
const QUIET = 4

/** A square code. Always dark on light: many readers know no other. */
export function QrCode({ text, label }: QrCodeProps) {
  const { size, path } = useMemo(() => {
    const code = generate(text)
    const rows = Array.from({ length: code.size }, (_, y) => y)
    const dots = rows.flatMap((y) =>
      rows.filter((x) => code.get(x, y)).map((x) => `M${x + QUIET} ${y + QUIET}h1v1h-1z`),
    )
    return { size: code.size + 2 * QUIET, path: dots.join('') }
  }, [text])
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${size} ${size}`}
      shapeRendering="crispEdges"
      className="size-44 shrink-0 rounded-control bg-code-paper"
    >
      <path d={path} className="fill-code-ink" />
    </svg>
  )
}
