import * as RadixMenu from '@radix-ui/react-dropdown-menu'
import { Check, type LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'

export interface MenuProps {
  trigger: ReactNode
  align?: 'start' | 'end'
  children: ReactNode
}

const ITEM =
  'flex h-8 cursor-pointer items-center gap-2 rounded-control px-2 text-body text-ink outline-none select-none data-[highlighted]:bg-hover'

export function Menu({ trigger, align = 'end', children }: MenuProps) {
  return (
    // Not modal: the modal form locks scrolling by a style element, which the CSP refuses.
    <RadixMenu.Root modal={false}>
      <RadixMenu.Trigger asChild>{trigger}</RadixMenu.Trigger>
      <RadixMenu.Portal>
        <RadixMenu.Content
          align={align}
          sideOffset={6}
          collisionPadding={8}
          className="layer-popover max-h-(--radix-dropdown-menu-content-available-height) min-w-44 overflow-y-auto rounded-panel bg-overlay p-1 shadow-layer data-[state=open]:animate-[layer-in_120ms_ease-out]"
        >
          {children}
        </RadixMenu.Content>
      </RadixMenu.Portal>
    </RadixMenu.Root>
  )
}

export interface MenuItemProps {
  icon?: LucideIcon
  onSelect: () => void
  children: ReactNode
}

export function MenuItem({ icon: Icon, onSelect, children }: MenuItemProps) {
  return (
    <RadixMenu.Item className={ITEM} onSelect={onSelect}>
      {Icon ? <Icon aria-hidden size={16} strokeWidth={1.75} className="text-ink-3" /> : null}
      {children}
    </RadixMenu.Item>
  )
}

export interface MenuCheckProps {
  checked: boolean
  onChange: (checked: boolean) => void
  children: ReactNode
}

/** One of several that can be on; the menu stays open. */
export function MenuCheck({ checked, onChange, children }: MenuCheckProps) {
  return (
    <RadixMenu.CheckboxItem
      className={ITEM}
      checked={checked}
      onCheckedChange={onChange}
      onSelect={(event) => event.preventDefault()}
    >
      <span className="grow">{children}</span>
      <RadixMenu.ItemIndicator>
        <Check aria-hidden size={16} strokeWidth={1.75} className="text-link" />
      </RadixMenu.ItemIndicator>
    </RadixMenu.CheckboxItem>
  )
}

/** A file of the API. */
export function MenuLink({ href, children }: { href: string; children: ReactNode }) {
  return (
    <RadixMenu.Item className={ITEM} asChild>
      <a href={href} download>
        {children}
      </a>
    </RadixMenu.Item>
  )
}

export interface MenuChoiceProps<T extends string> {
  label: string
  value: T
  options: readonly { value: T; label: string; icon?: LucideIcon }[]
  onChange: (value: T) => void
}

/** One of several, with a check mark. */
export function MenuChoice<T extends string>({
  label,
  value,
  options,
  onChange,
}: MenuChoiceProps<T>) {
  return (
    <RadixMenu.RadioGroup
      aria-label={label}
      value={value}
      onValueChange={(next) => {
        const found = options.find((option) => option.value === next)
        if (found) onChange(found.value)
      }}
    >
      {options.map(({ value: each, label: text, icon: Icon }) => (
        <RadixMenu.RadioItem key={each} value={each} className={ITEM}>
          {Icon ? <Icon aria-hidden size={16} strokeWidth={1.75} className="text-ink-3" /> : null}
          <span className="grow">{text}</span>
          <RadixMenu.ItemIndicator>
            <Check aria-hidden size={16} strokeWidth={1.75} className="text-link" />
          </RadixMenu.ItemIndicator>
        </RadixMenu.RadioItem>
      ))}
    </RadixMenu.RadioGroup>
  )
}

export function MenuLabel({ children }: { children: ReactNode }) {
  return (
    <RadixMenu.Label className="px-2 pt-2 pb-1 text-meta text-ink-3">{children}</RadixMenu.Label>
  )
}

export function MenuSeparator() {
  return <RadixMenu.Separator className="-mx-1 my-1 h-px bg-line" />
}
