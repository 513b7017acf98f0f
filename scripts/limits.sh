# Sourced. On one's own machine everybody has one address, so five registrations an hour would be soon used up.
export ROOKERY_LIMITS__REGISTRATIONS_PER_HOUR="${ROOKERY_LIMITS__REGISTRATIONS_PER_HOUR:-1000}"
export ROOKERY_LIMITS__TOKENS_PER_MIN="${ROOKERY_LIMITS__TOKENS_PER_MIN:-600}"
export ROOKERY_LIMITS__TOKENS_BURST="${ROOKERY_LIMITS__TOKENS_BURST:-100}"
