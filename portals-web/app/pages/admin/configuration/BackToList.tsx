import { Link } from '@tanstack/react-router'
import { ChevronLeft } from 'lucide-react'

import type { Kind } from '~/api/resources'
import { pb } from '~/util/path-builder'

/** The way up from a record. */
export function BackToList({ kind }: { kind: Kind }) {
  return (
    <Link
      {...pb.resources(kind.kind)}
      className="-ms-1.5 flex h-8 items-center gap-0.5 rounded-control pe-2 text-ink-2 hover:bg-hover hover:text-ink"
    >
      <ChevronLeft aria-hidden size={16} strokeWidth={1.75} />
      {kind.title_plural}
    </Link>
  )
}
