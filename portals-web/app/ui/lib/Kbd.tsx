import type { ReactNode } from 'react'

export function Kbd({ children }: { children: ReactNode }) {
  return (
    <kbd className="inline-flex h-[18px] min-w-[18px] items-center justify-center rounded-badge bg-subtle px-1 font-sans text-label text-ink-2 shadow-[inset_0_0_0_1px_var(--line-strong)]">
      {children}
    </kbd>
  )
}
