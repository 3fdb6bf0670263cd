// libyaml: the event parser that gives every event its line and column.
#include <yaml.h>
