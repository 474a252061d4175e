import * as RadixPopover from '@radix-ui/react-popover'
import type { ReactNode } from 'react'

export interface PopoverProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  /** The accessible name of the panel. */
  label: string
  trigger: ReactNode
  children: ReactNode
}

export function Popover({ open, onOpenChange, label, trigger, children }: PopoverProps) {
  return (
    <RadixPopover.Root open={open} onOpenChange={onOpenChange}>
      <RadixPopover.Trigger asChild>{trigger}</RadixPopover.Trigger>
      <RadixPopover.Portal>
        <RadixPopover.Content
          aria-label={label}
          align="start"
          sideOffset={6}
          collisionPadding={8}
          className="layer-popover w-72 rounded-panel bg-overlay p-3 shadow-layer data-[state=open]:animate-[layer-in_120ms_ease-out]"
        >
          {children}
        </RadixPopover.Content>
      </RadixPopover.Portal>
    </RadixPopover.Root>
  )
}
