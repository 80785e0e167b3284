import { Agent } from "failsoft"; import * as t from "failsoft/testing"; import * as m from "failsoft/machine"; import * as w from "failsoft/wasm"; void [Agent,t,m,w]
