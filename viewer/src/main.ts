import "./styles/tokens.css";
import { ArmillaryApp } from "./app/armillary-app";
import { createSkyMap } from "./map/skymap";

ArmillaryApp.createMap = createSkyMap;
