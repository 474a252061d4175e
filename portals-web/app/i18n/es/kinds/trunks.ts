/** What the switch says of trunks and voice tiers, by its English words. */
export const trunks: Record<string, string> = {
  'A connection: ingress from a customer, or egress to a carrier. A field that belongs to the other direction is an error.':
    'Una conexión: de entrada, desde un cliente, o de salida, hacia un carrier. Un campo que pertenece a la otra dirección es un error.',
  "Ingress: what a call must show to be the customer's.":
    'Entrada: qué debe mostrar una llamada para ser del cliente.',
  'How the called number is rewritten: ingress after the tech prefix and before `+` and `00` are taken off, egress last, before the number is sent.':
    'Cómo se reescribe el número llamado: a la entrada después del prefijo técnico y antes de quitar `+` y `00`; a la salida al final, antes de enviar el número.',
  'Put before the number.': 'Se pone antes del número.',
  'Taken off when the number begins with it.': 'Se quita cuando el número empieza por él.',
  'Ingress: calls to one called number at the same time.':
    'Entrada: llamadas simultáneas a un mismo número llamado.',
  'Ingress: new calls per second to one called number.':
    'Entrada: llamadas nuevas por segundo a un mismo número llamado.',
  'How the calling number is rewritten. Rates that depend on who calls go by the number before an egress trunk rewrites it: a carrier that is shown another may charge by another.':
    'Cómo se reescribe el número que llama. Las tarifas que dependen de quién llama van por el número antes de que una troncal de salida lo reescriba: un carrier al que se le muestra otro puede cobrar según otro.',
  'Egress: to whom calls go.': 'Salida: a quién van las llamadas.',
  'Audio codecs of its calls by their RTP names, such as `PCMA`, the best first. Offers of either side lose all others; `telephone-event` stays.':
    'Códecs de audio de sus llamadas por sus nombres RTP, como `PCMA`, el mejor primero. Las ofertas de ambos lados pierden todos los demás; `telephone-event` se queda.',
  'all, in the order of the offer': 'todos, en el orden de la oferta',
  'New calls (egress: attempts) per second.': 'Llamadas nuevas (salida: intentos) por segundo.',
  'Ingress: how long a call beyond the calls per second is held until it is due. One that would wait longer is refused.':
    'Entrada: cuánto se retiene una llamada que excede las llamadas por segundo hasta que le toca. La que esperaría más se rechaza.',
  'Ingress: whose calls come by it.': 'Entrada: de quién son las llamadas que vienen por ella.',
  'Ingress: the user name and password that calls must show, when they must show one. Egress: what challenges of the carrier (401, 407) are answered with.':
    'Entrada: el usuario y la contraseña que deben mostrar las llamadas, cuando deben mostrarlos. Salida: con qué se responde a los desafíos del carrier (401, 407).',
  'The password.': 'La contraseña.',
  'The user name.': 'El usuario.',
  'Which way calls go.': 'En qué sentido van las llamadas.',
  'From the switch to a carrier.': 'Del switch a un carrier.',
  'From a customer into the switch.': 'De un cliente al switch.',
  'Egress: when to go on to the next route.': 'Salida: cuándo pasar a la ruta siguiente.',
  "Final responses after which the next route is tried: codes from 300 to 699, or classes such as `5xx`; the called user's own outcomes (486, 487, 600, 603) are never among them.":
    'Respuestas finales tras las que se prueba la ruta siguiente: códigos de 300 a 699, o clases como `5xx`; los resultados propios del usuario llamado (486, 487, 600, 603) nunca están entre ellas.',
  'Without any response for so long, the attempt is given up and the next route tried.':
    'Sin ninguna respuesta durante este tiempo, el intento se abandona y se prueba la ruta siguiente.',
  "Without a provisional response other than 100 (Trying), or a final one, for so long after its beginning, the attempt is given up and the next route tried: 100 comes from the carrier's edge and says nothing of what is behind it.":
    'Sin una respuesta provisional distinta de 100 (Trying), ni una final, durante este tiempo desde su inicio, el intento se abandona y se prueba la ruta siguiente: 100 viene del borde del carrier y no dice nada de lo que hay detrás.',
  'Without an answer for so long after the attempt began, the call is given up.':
    'Sin contestación durante este tiempo desde el inicio del intento, la llamada se abandona.',
  'Final responses that end the call though `codes` has their class.':
    'Respuestas finales que terminan la llamada aunque `codes` contenga su clase.',
  'Egress: more gateways of the same carrier.': 'Salida: más gateways del mismo carrier.',
  "The lower goes first. The trunk's own gateway has 100.":
    'El menor va primero. El propio gateway de la troncal tiene 100.',
  'Transport to it.': 'Transporte hacia él.',
  'that of the trunk': 'el de la troncal',
  "Among those of equal priority each comes first as often as its share of their weights. The trunk's own gateway has 100.":
    'Entre los de igual prioridad, cada uno va primero según su parte de sus pesos. El propio gateway de la troncal tiene 100.',
  'Egress: where calls are sent: `address:port`, or a host name, with its port or without. A name without a port is looked up as RFC 3263 says: SRV, and NAPTR before it when no transport is given.':
    'Salida: a dónde se envían las llamadas: `dirección:puerto`, o un nombre de host, con o sin puerto. Un nombre sin puerto se busca como dice RFC 3263: SRV, y antes NAPTR cuando no se da transporte.',
  'Header fields that go from one side to the other.':
    'Campos de cabecera que pasan de un lado al otro.',
  'Egress: fields that are written in every INVITE.':
    'Salida: campos que se escriben en cada INVITE.',
  'Its name.': 'Su nombre.',
  'Its value.': 'Su valor.',
  'Names that do not pass though `pass` means them.':
    'Nombres que no pasan aunque `pass` los abarque.',
  'Names of fields that pass, ingress from the customer, egress to the carrier. `X-*` means all that begin so.':
    'Nombres de campos que pasan, a la entrada desde el cliente, a la salida hacia el carrier. `X-*` abarca todos los que empiezan así.',
  'Texts that are replaced in the values of fields that pass, in this order.':
    'Textos que se reemplazan en los valores de los campos que pasan, en este orden.',
  'The text, wherever it stands in the value.': 'El texto, esté donde esté en el valor.',
  'Name of the field, or `X-*`.': 'Nombre del campo, o `X-*`.',
  'What stands there instead.': 'Qué queda en su lugar.',
  'Who calls and who diverted the call.': 'Quién llama y quién desvió la llamada.',
  'The number that stands for the caller whatever From says.':
    'El número que vale por quien llama diga lo que diga From.',
  'Both: ingress the first that is there, egress both are written.':
    'Ambos: a la entrada el primero que haya, a la salida se escriben los dos.',
  'None: ingress it is not looked at, egress none is written.':
    'Ninguno: a la entrada no se mira, a la salida no se escribe.',
  'P-Asserted-Identity (RFC 3325).': 'P-Asserted-Identity (RFC 3325).',
  'Remote-Party-ID, of older equipment.': 'Remote-Party-ID, de equipos antiguos.',
  'Who diverted the call before it came to the switch.':
    'Quién desvió la llamada antes de que llegara al switch.',
  'Diversion (RFC 5806).': 'Diversion (RFC 5806).',
  'History-Info (RFC 7044).': 'History-Info (RFC 7044).',
  'None.': 'Ninguno.',
  'Whether the wish to stay anonymous (Privacy, RFC 3323) counts.':
    'Si vale el deseo de anonimato (Privacy, RFC 3323).',
  'Ingress: Privacy is not looked at. Egress: the number is sent all the same.':
    'Entrada: Privacy no se mira. Salida: el número se envía de todos modos.',
  'Ingress: Privacy counts. Egress: From is anonymous, and the number goes only where it is asserted, with Privacy beside it.':
    'Entrada: Privacy vale. Salida: From es anónimo, y el número va solo donde se afirma, con Privacy al lado.',
  "Ingress: the number in From is the customer's own, by agreement. Without a believed field it is then asserted to carriers; a number that nobody vouches for never is.":
    'Entrada: el número de From es del propio cliente, por acuerdo. Sin un campo de confianza se afirma entonces ante los carriers; un número por el que nadie responde, nunca.',
  'Egress: the listener by which calls leave, `address:port` as carriers see it. Of another transport it is one of the same address.':
    'Salida: el puerto de escucha por el que salen las llamadas, `dirección:puerto` como lo ven los carriers. Con otro transporte es uno de la misma dirección.',
  'the first that reaches the gateway': 'el primero que alcanza el gateway',
  'Whether RTP is relayed; it goes directly only when both trunks of a call say so.':
    'Si se retransmite RTP; va directo solo cuando lo dicen ambas troncales de una llamada.',
  'From party to party: the session description passes as it is.':
    'De parte a parte: la descripción de sesión pasa como está.',
  'Through the media relay: addresses are hidden, packets are counted.':
    'Por el relé de medios: se ocultan direcciones, se cuentan paquetes.',
  'Egress: among routes of equal cost the lower goes first.':
    'Salida: entre rutas de igual costo, la menor va primero.',
  '100': '100',
  'Egress: how the gateways are asked whether they are there.':
    'Salida: cómo se pregunta a los gateways si están.',
  'they are not asked': 'no se les pregunta',
  'Calls no longer go to a gateway that failed so often in a row: no reply by the next probe, out of reach, or 408, 502, 503, 504.':
    'Las llamadas ya no van a un gateway que falló tantas veces seguidas: sin respuesta a la siguiente sonda, inalcanzable, o 408, 502, 503, 504.',
  probes: 'sondas',
  'How often each gateway is asked.': 'Cada cuánto se pregunta a cada gateway.',
  'Calls go to it again when it replied so often in a row.':
    'Las llamadas vuelven a él cuando respondió tantas veces seguidas.',
  'Egress: the rate card that the carrier charges by.':
    'Salida: el tarifario con el que cobra el carrier.',
  'Egress: how the switch registers with the carrier.':
    'Salida: cómo se registra el switch con el carrier.',
  'it does not': 'no se registra',
  'Domain of that address.': 'Dominio de esa dirección.',
  "the gateway's address": 'la dirección del gateway',
  'How long a registration is asked to last; it is renewed before that.':
    'Cuánto se pide que dure un registro; se renueva antes.',
  'User part of the address that is registered.':
    'Parte de usuario de la dirección que se registra.',
  'the user name of `digest`': 'el usuario de `digest`',
  'What final responses become. Egress: those of the carrier. Ingress: what then ends a call that no route took.':
    'En qué se convierten las respuestas finales. Salida: las del carrier. Entrada: lo que termina entonces una llamada que ninguna ruta tomó.',
  'A code from 300 to 699, or a class such as `5xx`. A code goes before its class.':
    'Un código de 300 a 699, o una clase como `5xx`. Un código va antes que su clase.',
  'What the customer gets instead.': 'Lo que recibe el cliente en su lugar.',
  'Egress: gateways of the same carrier that are resources of their own. Trunks that name the same share its limits. A gateway that is full is passed over for the next one of the trunk.':
    'Salida: gateways del mismo carrier que son recursos propios. Las troncales que nombran el mismo comparten sus límites. Un gateway lleno se salta por el siguiente de la troncal.',
  "The gateway; one of the trunk's carrier.": 'El gateway; uno del carrier de la troncal.',
  'How its SIP dialogs behave.': 'Cómo se comportan sus diálogos SIP.',
  'INFO within a call.': 'INFO dentro de una llamada.',
  'Refused with 405.': 'Se rechaza con 405.',
  'Passed to the other side, when that trunk relays it too.':
    'Pasa al otro lado, cuando esa troncal también lo retransmite.',
  'Without session timers: how often the other side is asked whether the call is still up.':
    'Sin temporizadores de sesión: cada cuánto se pregunta al otro lado si la llamada sigue en curso.',
  never: 'nunca',
  'How it is asked.': 'Cómo se pregunta.',
  'By OPTIONS.': 'Por OPTIONS.',
  'By a re-INVITE with the description that it has, for equipment that answers OPTIONS whether or not the call is up.':
    'Por un re-INVITE con la descripción que tiene, para equipos que responden a OPTIONS esté o no la llamada en curso.',
  'MESSAGE within a call.': 'MESSAGE dentro de una llamada.',
  'Where requests within a call go when the other side may be behind an address translator (NAT).':
    'A dónde van las solicitudes dentro de una llamada cuando el otro lado puede estar detrás de un traductor de direcciones (NAT).',
  'To its Contact; to where it speaks from when that is a name, or a private address of a peer that speaks from a public one.':
    'A su Contact; a donde habla cuando este es un nombre, o una dirección privada de un par que habla desde una pública.',
  'To its Contact, a private address too; a name leads to where it speaks from.':
    'A su Contact, también a una dirección privada; un nombre lleva a donde habla.',
  'Always to where it speaks from, whatever its Contact says.':
    'Siempre a donde habla, diga lo que diga su Contact.',
  'Egress: what becomes of a 3xx answer.': 'Salida: qué pasa con una respuesta 3xx.',
  'The call goes to the addresses it names, the best first, on the account of the same carrier. Only for carriers that may send calls anywhere.':
    'La llamada va a las direcciones que nombra, la mejor primero, a cuenta del mismo carrier. Solo para carriers que pueden enviar llamadas a cualquier lugar.',
  'It is a failure like others; `failover.codes` says whether the next route is tried.':
    'Es una falla como otras; `failover.codes` dice si se prueba la ruta siguiente.',
  'Egress: how many addresses of 3xx answers one attempt may try.':
    'Salida: cuántas direcciones de respuestas 3xx puede probar un intento.',
  'REFER within a call, and the NOTIFY that reports on it.':
    'REFER dentro de una llamada, y el NOTIFY que informa de él.',
  'Ingress: the switch carries it out. It calls the number as a new call of the same customer, who pays for both, connects whoever answers with the party that is left, and hangs up on who transferred.':
    'Entrada: lo ejecuta el switch. Llama al número como una llamada nueva del mismo cliente, que paga ambas, conecta a quien conteste con la parte que queda y cuelga a quien transfirió.',
  'Who answers a re-INVITE or UPDATE that changes nothing for the other side.':
    'Quién responde a un re-INVITE o UPDATE que no cambia nada para el otro lado.',
  'The switch, when media is relayed and no more than the address of the media is new. What changes codecs, streams or hold is passed on.':
    'El switch, cuando se retransmiten los medios y solo es nueva la dirección de los medios. Lo que cambia códecs, flujos o retención se pasa.',
  'The other side: it is always passed on.': 'El otro lado: siempre se pasa.',
  'Reliable provisional responses (100rel).': 'Respuestas provisionales fiables (100rel).',
  'As if the other side had not said a word of them.':
    'Como si el otro lado no hubiera dicho palabra de ellas.',
  'Not spoken: who requires them is refused with 420.':
    'No se hablan: quien las exige se rechaza con 420.',
  'Required of the other side: a customer without them is refused with 421.':
    'Se exigen al otro lado: un cliente sin ellas se rechaza con 421.',
  'Offered to carriers; used with customers that support them.':
    'Se ofrecen a los carriers; se usan con los clientes que las admiten.',
  'Not offered, but used with who requires them.':
    'No se ofrecen, pero se usan con quien las exige.',
  'An INVITE that is to take the place of a party of a call that is up (Replaces).':
    'Un INVITE que debe tomar el lugar de una parte de una llamada en curso (Replaces).',
  'It takes the place, when the party came by a trunk of the same customer or went to the same carrier.':
    'Toma el lugar, cuando la parte vino por una troncal del mismo cliente o fue al mismo carrier.',
  'It is a call like any other; who requires the extension is refused with 420.':
    'Es una llamada como cualquier otra; quien exige la extensión se rechaza con 420.',
  'Session interval that the switch asks for.': 'Intervalo de sesión que pide el switch.',
  'Shortest session interval that is accepted; less is refused with 422.':
    'Intervalo de sesión mínimo que se acepta; uno menor se rechaza con 422.',
  'Session timers.': 'Temporizadores de sesión.',
  'The same; for who does not support them, the switch refreshes alone.':
    'Lo mismo; para quien no los admite, el switch refresca solo.',
  'Not spoken.': 'No se hablan.',
  'Used with who supports them.': 'Se usan con quien los admite.',
  'SUBSCRIBE and NOTIFY within a call.': 'SUBSCRIBE y NOTIFY dentro de una llamada.',
  'Egress: an INVITE over UDP that is longer goes over TCP, and over UDP after all when nobody takes it there (RFC 3261 section 18.1.1 says 1300).':
    'Salida: un INVITE sobre UDP más largo va sobre TCP, y sobre UDP después de todo cuando nadie lo toma allí (RFC 3261 sección 18.1.1 dice 1300).',
  bytes: 'bytes',
  'Ingress: how many transfers the switch tries in one call.':
    'Entrada: cuántas transferencias prueba el switch en una llamada.',
  'When media that stops ends a call or is told.':
    'Cuándo los medios que se detienen terminan una llamada o se avisan.',
  'Without a packet from either side for so long the call is hung up. Of both trunks of a call the shorter time counts.':
    'Sin un paquete de ningún lado durante este tiempo, la llamada se cuelga. De ambas troncales de una llamada vale el tiempo más corto.',
  '`media.inactivity_timeout_s` of the node': '`media.inactivity_timeout_s` del nodo',
  'What becomes of the call then.': 'Qué pasa entonces con la llamada.',
  'It is hung up with the reason `one_way_media`.': 'Se cuelga con el motivo `one_way_media`.',
  'It goes on; it is counted and said in the log.':
    'Sigue; se cuenta y se dice en el registro del switch.',
  "Without RTP from the trunk's side for so long, while the other side speaks, that side is taken for not heard. Silence suppression without comfort noise looks the same.":
    'Sin RTP del lado de la troncal durante este tiempo, mientras el otro lado habla, se considera que ese lado no se oye. La supresión de silencio sin ruido de confort se ve igual.',
  "Ingress: where the customer's requests come from, addresses or CIDR ranges; at least one, unless calls are known by their digest alone.":
    'Entrada: de dónde vienen las solicitudes del cliente, direcciones o rangos CIDR; al menos uno, salvo que las llamadas se conozcan solo por su digest.',
  'Whether it takes calls.': 'Si toma llamadas.',
  'Ingress: what each called number must begin with; it is taken off first. Trunks may share an address when their tech prefixes differ.':
    'Entrada: por qué debe empezar cada número llamado; se quita primero. Las troncales pueden compartir una dirección cuando sus prefijos técnicos difieren.',
  'Egress: when it gets a share of its calls only, because attempts fail.':
    'Salida: cuándo recibe solo una parte de sus llamadas, porque fallan intentos.',
  'Fewer attempts say nothing.': 'Menos intentos no dicen nada.',
  attempts: 'intentos',
  'Final responses that count as failures. Silence and an address out of reach always do.':
    'Respuestas finales que cuentan como fallas. El silencio y una dirección inalcanzable cuentan siempre.',
  'Of a hundred attempts so many must fail.': 'De cada cien intentos, cuántos deben fallar.',
  'Of a hundred calls, so many still take the trunk in its place.':
    'De cada cien llamadas, cuántas aún toman la troncal en su lugar.',
  'Attempts count for so long, and for as long again.':
    'Los intentos cuentan durante este tiempo, y otro tanto más.',
  'Egress: transport to the gateway. Without one a host name without a port is asked for it.':
    'Salida: transporte al gateway. Sin uno, se consulta por él a un nombre de host sin puerto.',
  'Egress: among routes of equal cost and priority the heavier goes first.':
    'Salida: entre rutas de igual costo y prioridad, la de más peso va primero.',
  'A grade of quality that is sold, such as premium or standard. Calls of customers that it is assigned to take its routes; its rate card is shown, and calls do not read it yet.':
    'Un grado de calidad que se vende, como premium o estándar. Las llamadas de los clientes a los que está asignado toman sus rutas; su tarifario se muestra, y las llamadas aún no lo leen.',
  'Mean length of answered calls (ACD) that is promised at least; shown, not enforced.':
    'Duración media de las llamadas contestadas (ACD) que se promete como mínimo; se muestra, no se exige.',
  'no promise': 'sin promesa',
  'Answered calls of a hundred (ASR) that are promised; shown, not enforced.':
    'Llamadas contestadas de cada cien (ASR) que se prometen; se muestra, no se exige.',
  'A short code for lists and invoices, such as `PREM`.':
    'Un código corto para listas y facturas, como `PREM`.',
  'Time to the first ringing (PDD) that is promised at most; shown, not enforced.':
    'Tiempo hasta el primer timbre (PDD) que se promete como máximo; se muestra, no se exige.',
  'Its place among the tiers that a customer chooses from; the lowest is first.':
    'Su lugar entre los niveles de los que elige un cliente; el menor va primero.',
  'The rate card that the tier is sold by.': 'El tarifario con el que se vende el nivel.',
  'Whether RTP of this side is encrypted (SRTP), by keys in its session descriptions (SDES).':
    'Si el RTP de este lado va cifrado (SRTP), con claves en sus descripciones de sesión (SDES).',
  'Whether keys may travel by UDP, TCP or WS. Whoever reads that signalling can then decrypt the media. Without it, a call that comes or goes so is in the clear where `mode` is `optional`, and refused where it is `required`.':
    'Si las claves pueden viajar por UDP, TCP o WS. Quien lea esa señalización puede descifrar el media. Sin ello, una llamada que llega o sale así va sin cifrar donde `mode` es `optional`, y se rechaza donde es `required`.',
  'Whether RTP is encrypted between the switch and this side. The other trunk of a call has its own.':
    'Si el RTP va cifrado entre el switch y este lado. La otra troncal de una llamada tiene lo suyo.',
  'The switch agrees on no keys. An offer of encryption goes on as it is to a trunk that says `none` too: both parties then agree on keys with each other. To any other trunk it does not (488).':
    'El switch no acuerda claves. Una oferta de cifrado sigue tal cual hacia una troncal que también dice `none`: ambas partes acuerdan entonces las claves entre sí. Hacia cualquier otra troncal no (488).',
  'Encrypted when the other side offers or takes it; else in the clear. The switch offers it beside `RTP/AVP` (RFC 8643).':
    'Cifrado cuando el otro lado lo ofrece o lo acepta; si no, sin cifrar. El switch lo ofrece junto a `RTP/AVP` (RFC 8643).',
  'Never in the clear: an offer or answer without keys is refused (488). The switch offers `RTP/SAVP`.':
    'Nunca sin cifrar: una oferta o respuesta sin claves se rechaza (488). El switch ofrece `RTP/SAVP`.',
  'The suites in the order in which the switch offers them. Of an offer it takes the first that is in this list.':
    'Las suites en el orden en que el switch las ofrece. De una oferta toma la primera que está en esta lista.',
  '`AEAD_AES_256_GCM`, `AEAD_AES_128_GCM`, `AES_256_CM_HMAC_SHA1_80`, `AES_CM_128_HMAC_SHA1_80`':
    '`AEAD_AES_256_GCM`, `AEAD_AES_128_GCM`, `AES_256_CM_HMAC_SHA1_80`, `AES_CM_128_HMAC_SHA1_80`',
  'A cipher of SRTP and its tag, by their name in `a=crypto`.':
    'Un cifrado de SRTP y su etiqueta, por su nombre en `a=crypto`.',
  'AES-128 in Galois/Counter mode (RFC 7714).': 'AES-128 en modo Galois/Counter (RFC 7714).',
  'AES-256 in Galois/Counter mode (RFC 7714).': 'AES-256 en modo Galois/Counter (RFC 7714).',
  'The same with 32 bits for RTP.': 'Lo mismo con 32 bits para RTP.',
  'AES-256 in counter mode, 80 bits of HMAC-SHA1 (RFC 6188).':
    'AES-256 en modo contador, 80 bits de HMAC-SHA1 (RFC 6188).',
  'AES-128 in counter mode, 80 bits of HMAC-SHA1 (RFC 4568): what every endpoint has.':
    'AES-128 en modo contador, 80 bits de HMAC-SHA1 (RFC 4568): lo que tiene todo equipo.',
}
