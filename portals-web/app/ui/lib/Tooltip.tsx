import * as RadixTooltip from '@radix-ui/react-tooltip'
import type { ReactNode } from 'react'

import { Kbd } from './Kbd'

export const TooltipProvider = RadixTooltip.Provider

export interface TooltipProps {
  content: ReactNode
  keys?: string | undefined
  side?: 'top' | 'right' | 'bottom' | 'left'
  children: ReactNode
}

/** Says on hover and focus what is not written. `children` must take a ref and pointer events. */
export function Tooltip({ content, keys, side = 'bottom', children }: TooltipProps) {
  return (
    <RadixTooltip.Root>
      <RadixTooltip.Trigger asChild>{children}</RadixTooltip.Trigger>
      <RadixTooltip.Portal>
        <RadixTooltip.Content
          side={side}
          sideOffset={6}
          collisionPadding={8}
          className="layer-popover flex max-w-80 items-center gap-2 rounded-control bg-overlay px-2 py-1 text-meta text-ink shadow-layer"
        >
          {content}
          {keys ? <Kbd>{keys}</Kbd> : null}
        </RadixTooltip.Content>
      </RadixTooltip.Portal>
    </RadixTooltip.Root>
  )
}
