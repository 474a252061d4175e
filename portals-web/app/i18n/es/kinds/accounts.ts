/** What the switch says of customers, carriers, plans and exchange rates, by its English words. */
export const accounts: Record<string, string> = {
  "How a customer's calls are told from everybody else's. Calls do not read it yet: each trunk says itself whether they are known by their source address and tech prefix, by digest, or by either.":
    'Cómo se distinguen las llamadas de un cliente de las de todos los demás. Las llamadas aún no lo leen: cada troncal dice por sí misma si se conocen por su dirección de origen y prefijo técnico, por digest o por cualquiera de los dos.',
  'Source addresses that a customer may enter itself.':
    'Direcciones de origen que un cliente puede registrar por sí mismo.',
  'Digest: algorithms that are offered, the strongest first.':
    'Digest: algoritmos que se ofrecen, el más fuerte primero.',
  "Whether a new customer's trunk has it unless something else is chosen.":
    'Si la troncal de un cliente nuevo lo tiene salvo que se elija otra cosa.',
  'What a call must show.': 'Qué debe mostrar una llamada.',
  'A known source address.': 'Una dirección de origen conocida.',
  'Both.': 'Ambos.',
  'Either.': 'Cualquiera de los dos.',
  'A user name and password, by digest (RFC 8760).':
    'Un usuario y una contraseña, por digest (RFC 8760).',
  'Digest: how long a nonce is good for.': 'Digest: cuánto tiempo vale un nonce.',
  seconds: 'segundos',
  'Digest: fewest characters of a password.': 'Digest: mínimo de caracteres de una contraseña.',
  characters: 'caracteres',
  'Digest: the realm of the challenge.': 'Digest: el realm del desafío.',
  "the node's domain": 'el dominio del nodo',
  'Whether customers may choose it.': 'Si los clientes pueden elegirlo.',
  'It is in use.': 'Está en uso.',
  'It takes no new call; calls that are up go on.':
    'No toma llamadas nuevas; las que están en curso siguen.',
  'Whom we pay for calls. Its gateways and prices are those of its egress trunks; calls of customers that it is not assigned to are not sent to it.':
    'A quién pagamos por las llamadas. Sus gateways y precios son los de sus troncales de salida; no se le envían llamadas de clientes a los que no está asignado.',
  'On what terms we pay it: its routes are left out when it is owed too much.':
    'En qué términos se le paga: sus rutas se omiten cuando se le debe demasiado.',
  'its routes have no limit of money': 'sus rutas no tienen límite de dinero',
  'Its routes are left out when its balance, what we owe it for calls less what was paid to it, is at this or above: 0 for a carrier that is paid first, more for one that is paid later.':
    'Sus rutas se omiten cuando su saldo, lo que se le debe por llamadas menos lo pagado, es igual o mayor: 0 para un carrier que cobra por adelantado, más para uno que cobra después.',
  USD: 'USD',
  'they never are': 'nunca se omiten',
  'When its invoices come and are paid. A note: nothing reads it yet.':
    'Cuándo llegan y se pagan sus facturas. Una nota: nada la lee aún.',
  'none are agreed': 'no se acordó ninguno',
  'Days from the end of the period until it is to be paid.':
    'Días desde el fin del período hasta que debe pagarse.',
  days: 'días',
  'Days of calls on an invoice.': 'Días de llamadas en una factura.',
  'Attempts and calls at the same time over all its trunks.':
    'Intentos y llamadas simultáneos en todas sus troncales.',
  'no limit': 'sin límite',
  'New attempts per second over all its trunks.':
    'Intentos nuevos por segundo en todas sus troncales.',
  'Shared rules and lists that its numbers go through.':
    'Reglas y listas compartidas por las que pasan sus números.',
  "Classes of called numbers that are not let through: a customer's and an ingress trunk's refuse the call, a carrier's and an egress trunk's leave their routes out.":
    'Clases de números llamados que no se dejan pasar: las de un cliente y de una troncal de entrada rechazan la llamada; las de un carrier y de una troncal de salida omiten sus rutas.',
  'How the called number is rewritten.': 'Cómo se reescribe el número llamado.',
  'it is not': 'no se reescribe',
  'How the calling number is rewritten.': 'Cómo se reescribe el número que llama.',
  "Which calling numbers are taken and presented. A trunk's own stand in place of its customer's or carrier's.":
    'Qué números que llaman se aceptan y se presentan. Las propias de una troncal valen en lugar de las de su cliente o carrier.',
  'each as it is': 'cada uno como está',
  "Lists, in the order in which they are gone through. Those that allow or deny must let a call through, each of them: a customer's and an ingress trunk's refuse the call, a carrier's and an egress trunk's leave their routes out.":
    'Listas, en el orden en que se recorren. Las que permiten o deniegan deben dejar pasar la llamada, cada una: las de un cliente y de una troncal de entrada rechazan la llamada; las de un carrier y de una troncal de salida omiten sus rutas.',
  'What becomes of called numbers that no range of a numbering plan holds, so that nobody knows their class. The 0 or 1 of national dialling behind a country code and digits too many do not hide a class. For policies with `blocked_classes`.':
    'Qué pasa con los números llamados que no están en ningún rango de un plan de numeración, de modo que nadie conoce su clase. El 0 o el 1 de marcación nacional tras el código de país y los dígitos de más no ocultan una clase. Para políticas con `blocked_classes`.',
  'They are let through: ranges that are newer than the switch, short codes, and whatever a carrier may make of digits that are no number.':
    'Se dejan pasar: rangos más nuevos que el switch, códigos cortos y lo que un carrier entienda de dígitos que no son un número.',
  'They are not let through, as if they were of a blocked class.':
    'No se dejan pasar, como si fueran de una clase bloqueada.',
  "What becomes of called numbers that no numbering plan knows: they are taken, or refused as invalid; a carrier's and an egress trunk's leave their routes out.":
    'Qué pasa con los números llamados que ningún plan de numeración conoce: se toman o se rechazan por inválidos; los de un carrier y de una troncal de salida omiten sus rutas.',
  'Not at all.': 'De ningún modo.',
  'Its country code exists, and numbers there may have that length. Short codes do not pass.':
    'Su código de país existe y los números de allí pueden tener esa longitud. Los códigos cortos no pasan.',
  'A range of the plan holds it. Plans change: a range that is newer than the switch does not pass.':
    'Un rango del plan lo contiene. Los planes cambian: un rango más nuevo que el switch no pasa.',
  'Whether calls are sent to it.': 'Si se le envían llamadas.',
  'How many channels and calls per second a customer may use, and what that costs it a month. Calls do not read it yet: the limits are those of the customer itself.':
    'Cuántos canales y llamadas por segundo puede usar un cliente, y cuánto le cuesta al mes. Las llamadas aún no lo leen: los límites son los del propio cliente.',
  'Calls at the same time.': 'Llamadas simultáneas.',
  'New calls per second.': 'Llamadas nuevas por segundo.',
  'Currency of the price.': 'Moneda del precio.',
  'What customers read of it.': 'Lo que los clientes leen de ello.',
  'Price of a month; shown to customers, and not charged yet.':
    'Precio de un mes; se muestra a los clientes y aún no se cobra.',
  'a month': 'al mes',
  "Which calling numbers (CLI) are taken, and which are presented in their place, for those customers, carriers and trunks that name the rules: the first rule that fits is applied, and no other.\n\nOf a customer and its trunks they see numbers after translation and lists, before routes are asked for; of a carrier and its trunks after the lists of these, at each attempt. A trunk's own rules stand in place of its customer's or carrier's. What those of a carrier presented stands in the call's record, attempt by attempt. The number presented goes out in From, and where the carrier's trunk sends an asserted number (`identity.asserted`) as that one too; a wish to stay anonymous (Privacy) does not hide it, for it is not the caller's.":
    'Qué números que llaman (CLI) se aceptan, y cuáles se presentan en su lugar, para los clientes, carriers y troncales que nombran las reglas: se aplica la primera regla que corresponde, y ninguna otra.\n\nLas de un cliente y sus troncales ven los números después de la traducción y las listas, antes de pedir rutas; las de un carrier y sus troncales, después de las listas de estos, en cada intento. Las propias de una troncal valen en lugar de las de su cliente o carrier. Lo que presentaron las de un carrier figura en el registro de la llamada, intento por intento. El número presentado sale en From y, donde la troncal del carrier envía un número afirmado (`identity.asserted`), también como tal; el deseo de anonimato (Privacy) no lo oculta, porque no es de quien llama.',
  'What becomes of calls that no rule fits.':
    'Qué pasa con las llamadas a las que no corresponde ninguna regla.',
  'They go on with their number.': 'Siguen con su número.',
  "They are refused with 403, or the carrier's route left out.":
    'Se rechazan con 403, o se omite la ruta del carrier.',
  'A note for operators.': 'Una nota para operadores.',
  'Which number rules look at.': 'Qué número miran las reglas.',
  "The asserted one, when the customer's trunk believes it (`identity.asserted`); that of From when there is none.":
    'El afirmado, cuando la troncal del cliente confía en él (`identity.asserted`); el de From cuando no lo hay.',
  'That of From.': 'El de From.',
  'The rules, in the order in which they are tried.': 'Las reglas, en el orden en que se prueban.',
  'What becomes of the call.': 'Qué pasa con la llamada.',
  'The call goes on with its number.': 'La llamada sigue con su número.',
  "The call is refused with 403, or the carrier's route left out.":
    'La llamada se rechaza con 403, o se omite la ruta del carrier.',
  'The call goes on with another number.': 'La llamada sigue con otro número.',
  'What the called number begins with, digits of E.164 without `+`.':
    'Por qué empieza el número llamado, dígitos de E.164 sin `+`.',
  'every number': 'todo número',
  'A caller without a number that can be presented.':
    'Quien llama sin un número que se pueda presentar.',
  'It shows something that is no number of 3 to 15 digits.':
    'Muestra algo que no es un número de 3 a 15 dígitos.',
  'It shows nothing.': 'No muestra nada.',
  "It wants to stay anonymous: `anonymous` in From, or Privacy where the customer's trunk respects it (`identity.privacy`).":
    'Pide el anonimato: `anonymous` en From, o Privacy donde la troncal del cliente lo respeta (`identity.privacy`).',
  'What the calling number begins with, digits of E.164 without `+`.':
    'Por qué empieza el número que llama, dígitos de E.164 sin `+`.',
  'What the rule is for.': 'Para qué es la regla.',
  "Presented in place of the caller's, digits of E.164 with or without `+`. A rule that replaces has either this or a pool.":
    'Se presenta en lugar del de quien llama, dígitos de E.164 con o sin `+`. Una regla que reemplaza tiene este o un grupo.',
  "A regular expression that the whole calling number must fit, as it is written; it is compiled so that its time is linear in the number's length.":
    'Una expresión regular que debe cumplir todo el número que llama, como está escrito; se compila de modo que su tiempo es lineal en la longitud del número.',
  'Which of the pool.': 'Cuál del grupo.',
  'By lot.': 'Al azar.',
  "One after the other, over all calls of a node; each attempt of a carrier's rules takes the next. The turn goes by the place of the rule, and begins anew with the process.":
    'Uno tras otro, en todas las llamadas de un nodo; cada intento de las reglas de un carrier toma el siguiente. El turno va por el lugar de la regla y empieza de nuevo con el proceso.',
  'The same for each called number. A change of the pool changes few of them.':
    'El mismo para cada número llamado. Un cambio del grupo cambia pocos de ellos.',
  'The same for each caller.': 'El mismo para cada uno que llama.',
  '`rotate`, with a pool': '`rotate`, con un grupo',
  'Numbers of which one is presented, written likewise.':
    'Números de los que se presenta uno, escritos igual.',
  'Codecs in the order in which they are preferred. Calls do not read it yet: each trunk says itself which codecs may pass.':
    'Códecs en el orden en que se prefieren. Las llamadas aún no lo leen: cada troncal dice por sí misma qué códecs pueden pasar.',
  'The codecs, the preferred first.': 'Los códecs, el preferido primero.',
  'How key presses are sent.': 'Cómo se envían las pulsaciones de teclas.',
  'As tones in the audio.': 'Como tonos en el audio.',
  'In INFO requests.': 'En solicitudes INFO.',
  'As telephone events in RTP (RFC 4733).': 'Como eventos telefónicos en RTP (RFC 4733).',
  'What becomes of codecs that are offered and do not stand here.':
    'Qué pasa con los códecs que se ofrecen y no están aquí.',
  'They stay, after those of the set.': 'Se quedan, después de los del conjunto.',
  'They are taken out of the offer.': 'Se quitan de la oferta.',
  'Length of a packet that is asked for.': 'Duración de paquete que se pide.',
  milliseconds: 'milisegundos',
  "the offer's": 'la de la oferta',
  'The first division of customers, such as wholesale or call centre; what is assigned to it is got by all its customers.':
    'La primera división de los clientes, como mayorista o centro de llamadas; lo que se le asigna lo reciben todos sus clientes.',
  'What customers read where they choose a category.':
    'Lo que los clientes leen donde eligen una categoría.',
  'Whether a new customer may choose it at registration.':
    'Si un cliente nuevo puede elegirla al registrarse.',
  'Its place among the categories that a new customer chooses from; the lowest is first.':
    'Su lugar entre las categorías de las que elige un cliente nuevo; la menor va primero.',
  'A division of the customers of one category; what is assigned to it comes before what is assigned to the category.':
    'Una división de los clientes de una categoría; lo que se le asigna va antes que lo asignado a la categoría.',
  'The category it divides.': 'La categoría que divide.',
  'Who pays us for calls. Where its calls come from is said by its ingress trunks.':
    'Quién nos paga por las llamadas. De dónde vienen sus llamadas lo dicen sus troncales de entrada.',
  'On what terms it pays: calls are refused or ended for want of money.':
    'En qué términos paga: las llamadas se rechazan o terminan por falta de dinero.',
  'its calls have no limit of money': 'sus llamadas no tienen límite de dinero',
  'Most that one call may cost it.': 'Lo máximo que puede costarle una llamada.',
  'USD a call': 'USD por llamada',
  'How far below zero its balance may fall; of a postpaid customer only.':
    'Cuánto puede bajar su saldo de cero; solo de un cliente pospago.',
  'prepaid: 0; postpaid: no limit': 'prepago: 0; pospago: sin límite',
  'Most that its calls of one day (UTC) may cost it.':
    'Lo máximo que pueden costarle sus llamadas de un día (UTC).',
  'USD a day': 'USD por día',
  'An event is raised when what is left to spend, the balance and the credit limit together, falls below one of these. The highest first.':
    'Se emite un evento cuando lo que queda por gastar, el saldo y el límite de crédito juntos, baja de uno de estos. El mayor primero.',
  'no event': 'ningún evento',
  'Whether it pays before or after its calls.': 'Si paga antes o después de sus llamadas.',
  'It pays later: its balance may fall below zero, by its credit limit at most.':
    'Paga después: su saldo puede bajar de cero, como máximo por su límite de crédito.',
  'It pays first: calls end when the balance does.':
    'Paga antes: las llamadas terminan cuando termina el saldo.',
  'When invoices are to be made and paid. Nothing reads it yet: no invoices are made.':
    'Cuándo se hacen y se pagan las facturas. Nada lo lee aún: no se hacen facturas.',
  'Calls to one called number at the same time.': 'Llamadas simultáneas a un mismo número llamado.',
  'New calls per second to one called number.':
    'Llamadas nuevas por segundo a un mismo número llamado.',
  'The category it belongs to.': 'La categoría a la que pertenece.',
  "the group's": 'la del grupo',
  'Calls at the same time over all its trunks, from the INVITE to the end.':
    'Llamadas simultáneas en todas sus troncales, del INVITE al fin.',
  'New calls per second over all its trunks.':
    'Llamadas nuevas por segundo en todas sus troncales.',
  'How long a call beyond the calls per second is held until it is due. One that would wait longer is refused.':
    'Cuánto se retiene una llamada que excede las llamadas por segundo hasta que le toca. La que esperaría más se rechaza.',
  'it is refused at once': 'se rechaza de inmediato',
  'The group within its category.': 'El grupo dentro de su categoría.',
  'The rate card it is charged by.': 'El tarifario con el que se le cobra.',
  'Whether it may place calls.': 'Si puede hacer llamadas.',
  'What one unit of a currency is worth in USD, the currency of the books, from which day on. Each call is converted by the rate that counts when it comes in; there is one of these for each currency.':
    'Cuánto vale una unidad de una moneda en USD, la moneda de los libros, y desde qué día. Cada llamada se convierte al tipo que vale cuando entra; hay uno de estos por moneda.',
  'Three capital letters of ISO 4217.': 'Tres letras mayúsculas de ISO 4217.',
  'Its rates in the order of their days; each counts until the next.':
    'Sus tipos en el orden de sus días; cada uno vale hasta el siguiente.',
  'The day at whose beginning, in UTC, it comes into force.':
    'El día a cuyo comienzo, en UTC, entra en vigor.',
  'USD for one unit, at most 100 and 12 decimals.':
    'USD por una unidad, como máximo 100 y 12 decimales.',
  'A report of traffic that is sent by mail after each day, week or month: figures, the greatest lines, and a file with all of them.':
    'Un informe de tráfico que se envía por correo después de cada día, semana o mes: cifras, las líneas mayores y un archivo con todas.',
  'Of the attempts on one carrier.': 'De los intentos en un carrier.',
  'every carrier': 'todos los carriers',
  'Whether the period before stands beside it.': 'Si el período anterior figura al lado.',
  'What it counts; without it, calls, unless its lines or the carrier are of attempts.':
    'Lo que cuenta; si falta, llamadas, salvo que sus líneas o el carrier sean de intentos.',
  'as its lines have it': 'según sus líneas',
  'Attempts on carriers.': 'Intentos en carriers.',
  'Calls of customers.': 'Llamadas de clientes.',
  'Of the calls of one customer.': 'De las llamadas de un cliente.',
  'every customer': 'todos los clientes',
  'The hour of the zone after which it is sent: the next day, on Monday, on the first of the month.':
    'La hora de la zona a partir de la cual se envía: al día siguiente, el lunes, el primero del mes.',
  'What it has a line for.': 'De qué tiene una línea.',
  'Each carrier: a report of attempts.': 'Cada carrier: un informe de intentos.',
  'Each customer.': 'Cada cliente.',
  'Each day.': 'Cada día.',
  'Each destination on the card of that side.': 'Cada destino en el tarifario de ese lado.',
  'Each egress trunk: a report of attempts.': 'Cada troncal de salida: un informe de intentos.',
  'Each hour.': 'Cada hora.',
  'Each ingress trunk: a report of calls.': 'Cada troncal de entrada: un informe de llamadas.',
  'What it is of: the day, week or month before.':
    'De qué es: el día, la semana o el mes anterior.',
  'The day before, sent every day.': 'El día anterior, enviado cada día.',
  'The month before, sent on the first of each.':
    'El mes anterior, enviado el primero de cada uno.',
  'The week before, Monday to Sunday, sent on Mondays.':
    'La semana anterior, de lunes a domingo, enviada los lunes.',
  'To whom. They see the money of both sides.': 'A quién. Ven el dinero de ambos lados.',
  'Whether it is sent.': 'Si se envía.',
  'The zone that its days are of, by its name in the IANA database.':
    'La zona de sus días, por su nombre en la base de datos IANA.',
  'The carrier that is the same company: what both owe is taken off both balances, and the difference is paid. A change counts from the next period.':
    'El carrier que es la misma empresa: lo que ambos deben se descuenta de ambos saldos y se paga la diferencia. Un cambio vale desde el período siguiente.',
  'it pays for all its calls': 'paga todas sus llamadas',
  'The carrier that is the same company. A carrier is netted with one customer.':
    'El carrier que es la misma empresa. Un carrier se compensa con un solo cliente.',
  'Days of a period, and days from its end until the difference is to be paid.':
    'Días de un período, y días desde su fin hasta que debe pagarse la diferencia.',
  'A day on which a period begins; all others follow from it. The first statement is of the period in which this is set, or of the one that begins on this day.':
    'Un día en que empieza un período; los demás resultan de él. El primer estado de cuenta es del período en que esto se establece, o del que empieza ese día.',
  'The currency of its statements: USD, or one that has an exchange rate. What was charged in another is converted by the rates that count at the end of the period.':
    'La moneda de sus estados de cuenta: USD, o una que tenga tipo de cambio. Lo cobrado en otra se convierte con los tipos que valen al final del período.',
  'A week, paid within three days.': 'Una semana, pagada en tres días.',
  'A week, paid within seven days.': 'Una semana, pagada en siete días.',
  'Fifteen days, paid within seven.': 'Quince días, pagados en siete.',
  'Fifteen days, paid within fifteen.': 'Quince días, pagados en quince.',
  'Thirty days, paid within fifteen.': 'Treinta días, pagados en quince.',
  'Thirty days, paid within thirty.': 'Treinta días, pagados en treinta.',
}
