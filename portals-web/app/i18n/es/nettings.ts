import type { nettings as english } from '../en/nettings'
import type { Translation } from '../translation'

export const nettings: Translation<typeof english> = {
  title: 'Compensación',
  one: 'Compensación {{id}}',
  empty: 'Ninguna compensación',
  emptyBody:
    'Indicar en los ajustes avanzados de un cliente qué carrier es la misma empresa: cada período aparece aquí.',
  state: { open: 'En curso', draft: 'Por confirmar', confirmed: 'Por pagar', paid: 'Pagada' },
  failed: 'Sin hacer',
  overdue: 'Vencida',
  noStatement: 'Aún no hay estado de cuenta: {{failure}}',
  column: {
    id: 'Número',
    state: 'Estado',
    customer: 'Cliente',
    from: 'Desde',
    to: 'Hasta',
    they_owe: 'Nos deben',
    we_owe: 'Debemos',
    difference: 'Diferencia',
    currency: 'Moneda',
    payer: 'Quién paga',
  },
  payer: { customer: 'Ellos', us: 'Nosotros' },
  facts: {
    title: 'Estado de cuenta',
    carrier: 'Carrier',
    terms: 'Condiciones',
    due: 'Vence el día desde',
    confirmed: 'Confirmada por',
    paid: 'Pagada',
  },
  lines: {
    title: 'Por moneda',
    side: 'Lado',
    customer: 'Nos deben por llamadas',
    carrier: 'Debemos por llamadas',
    amount: 'Importe',
    rate: 'Tipo',
    converted: 'En la moneda de la compensación',
  },
  confirm: 'Confirmar',
  confirmSure:
    'Lo que ambos deben se descuenta enseguida de ambos saldos; queda {{difference}} por pagar. No se puede deshacer.',
  confirmed: 'La compensación está confirmada.',
  pay: 'Asentar el pago',
  paidByThem: '{{difference}} llegó del cliente.',
  paidByUs: '{{difference}} fue al carrier.',
  reference: 'Referencia',
  optional: '(opcional)',
  paid: 'El pago está asentado.',
}
